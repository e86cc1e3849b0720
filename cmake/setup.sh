#!/usr/bin/env bash
# Installs the Debian packages that are missing, and DuckDB. Asks no network when nothing is missing.
#   cmake/setup.sh            what the build and the tests need (cmake/packages.txt)
#   cmake/setup.sh PACKAGE…   these packages
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "cmake/setup.sh: $*" >&2
  exit 1
}

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Prints the names of the packages on standard input that are neither installed nor replaced by a command.
missing() {
  local package command
  while read -r package command; do
    [[ -z $package || $package == '#'* ]] && continue
    [[ -n $command ]] && command -v "$command" >/dev/null && continue
    is_installed "$package" || echo "$package"
  done
}

install() {
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || fail "needs root or sudo to install: $*"
    root=(sudo -n env)
  fi
  export DEBIAN_FRONTEND=noninteractive
  local log
  log=$(mktemp)
  echo "cmake/setup.sh: installing $*" >&2
  if ! { "${root[@]}" apt-get update && "${root[@]}" apt-get install -y --no-install-recommends "$@"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "apt-get could not install: $* (log: $log)"
  fi
  rm -f "$log"
}

command -v dpkg-query >/dev/null || fail "needs Debian 12 (or install by hand what cmake/packages.txt lists, then use the CMake presets)"
if [ $# -gt 0 ]; then
  mapfile -t packages < <(printf '%s\n' "$@" | missing)
else
  mapfile -t packages < <(missing <cmake/packages.txt)
fi
[ ${#packages[@]} -eq 0 ] || install "${packages[@]}"
[ $# -gt 0 ] || cmake/fetch_duckdb.sh >/dev/null
