#!/usr/bin/env bash
# Fetches DuckDB's library, header and extensions once for each machine, and prints the folder they are in.
# The folder appears whole or not at all; every file of it must have the checksum in cmake/duckdb.sha256.
#
# libduckdb.so has parquet, json, icu and core_functions built in, so no extension file of theirs is fetched.
set -euo pipefail

version=1.5.5
bindings=@duckdb/node-bindings-linux-x64@1.5.5-r.5
extensions=(avro excel httpfs iceberg postgres_scanner sqlite_scanner)

sums=$(cd "$(dirname "$0")" && pwd)/duckdb.sha256
cache=${LOCHAN_CACHE:-$HOME/.cache/lochan}
# Of what is pinned: two versions of the project on one machine don't take the folder from each other.
folder=$cache/duckdb-$version-$(sha256sum <"$sums" | cut -c 1-12)

fail() {
  echo "cmake/fetch_duckdb.sh: $*" >&2
  exit 1
}

is_complete() {
  cmp -s "$sums" "$folder/duckdb.sha256"
}

# From npm: the shared library.
fetch_library() {
  npm pack --silent "$bindings" >npm.log 2>&1 || { cat npm.log >&2; fail "npm could not fetch $bindings"; }
  mkdir -p files/lib
  tar -xzf ./*.tgz -C files/lib --strip-components=1 package/libduckdb.so
}

# From PyPI: the header out of the source distribution, the extensions out of their wheels.
fetch_from_pip() {
  python3 -m pip --disable-pip-version-check download --quiet --no-deps --dest pip "$@" >pip.log 2>&1 ||
    { cat pip.log >&2; fail "pip could not fetch: $*"; }
}

fetch_header() {
  fetch_from_pip --no-binary duckdb "duckdb==$version"
  mkdir -p files/include
  tar -xzf "pip/duckdb-$version.tar.gz" -O "duckdb-$version/external/duckdb/src/include/duckdb.h" >files/include/duckdb.h
}

fetch_extensions() {
  local wheels=() name
  for name in "${extensions[@]}"; do wheels+=("duckdb-extension-${name//_/-}==$version"); done
  fetch_from_pip --only-binary :all: "${wheels[@]}"
  for name in "${extensions[@]}"; do
    unzip -qqoj "pip/duckdb_extension_$name-$version-"*.whl '*.duckdb_extension' -d files/extensions
  done
}

if ! is_complete; then
  [ "$(uname -sm)" = "Linux x86_64" ] || fail "there is no pinned DuckDB for $(uname -sm), only for Linux x86_64"
  mkdir -p "$cache"
  exec 9>"$cache/duckdb.lock"
  flock 9
fi
if ! is_complete; then
  echo "cmake/fetch_duckdb.sh: fetching DuckDB $version into $folder" >&2
  work=$(mktemp -d "$cache/fetch.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  cd "$work"
  fetch_library
  fetch_header
  fetch_extensions
  (cd files && sha256sum --check --quiet --strict "$sums" >&2) || fail "a fetched file is not the one pinned in $sums"
  cp "$sums" files/
  rm -rf "$folder"
  mv files "$folder"
fi
echo "$folder"
