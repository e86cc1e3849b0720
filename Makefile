# `make` lists what there is to make. There is one build system: these targets call the CMake presets.

MAKEFLAGS += --no-print-directory
PRESET ?= release
JOBS ?= $(shell nproc)
FILES ?= src/
SERVICES ?= $(basename $(notdir $(filter-out %/service.sh %/spark.sh,$(wildcard tests/services/*.sh))))

export LOCHAN_BIN := $(CURDIR)/build/$(PRESET)/lochan

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

demo: build ## two fruit shops live, are loaded, checked and published; a bad batch is stopped
	@examples/fruit_shop/demo.sh

build: configure ## build build/release/lochan (PRESET=dev, asan, tsan: build/<preset>/lochan)
	@cmake --build --preset $(PRESET) --target lochan

test: configure ## build everything and run all tests
	@cmake --build --preset $(PRESET)
	@ctest --preset $(PRESET) --output-on-failure --no-label-summary -j $(JOBS) || { tests/show_failed.py build/$(PRESET); exit 1; }

services: ## start the servers that tests use and print how to reach them (SERVICES=postgres: only this one)
	@for name in $(SERVICES); do tests/services/$$name.sh start || exit 1; done

bench: build ## measure (bench/run.sh)
	@bench/run.sh

campaign: build ## kill, race and starve runs for long and check that nothing is lost (tests/campaign/run.sh)
	@tests/campaign/run.sh

format: ## format src/, tests/ and bench/
	@cmake/setup.sh clang-format-19
	@git ls-files --cached --others --exclude-standard '*.h' '*.cc' | xargs -r clang-format-19 -i

lint: ## check the floors, the format and, with clang-tidy, the code (FILES=src/catalog: only there)
	@tests/check_floors.py
	@cmake/setup.sh clang-format-19 clang-tidy-19
	@git ls-files '*.h' '*.cc' | xargs -r clang-format-19 --dry-run --Werror
	@$(MAKE) configure PRESET=dev
	@run-clang-tidy-19 -quiet -j $(JOBS) -p build/dev '^$(CURDIR)/$(FILES)'

clean: ## remove build/
	@rm -rf build

configure:
	@cmake/setup.sh
	@mkdir -p build
	@cmake --preset $(PRESET) >build/configure.log 2>&1 || { cat build/configure.log >&2; exit 1; }

.PHONY: help demo build test services bench campaign format lint clean configure
.DEFAULT_GOAL := help
