# `make` lists what there is to make. One build system: these targets call the CMake presets.

MAKEFLAGS += --no-print-directory
PRESET ?= release

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: ## install what is missing: Debian packages, DuckDB
	@cmake/setup.sh

build: configure ## build build/release/lochan
	@cmake --build --preset $(PRESET) --target lochan

configure: setup
	@mkdir -p build
	@cmake --preset $(PRESET) >build/configure.log || { cat build/configure.log; exit 1; }

clean: ## remove build/
	@rm -rf build

.PHONY: help setup build configure clean
.DEFAULT_GOAL := help
