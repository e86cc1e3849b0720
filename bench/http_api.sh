#!/usr/bin/env bash
# Loads 200,000 records from an HTTP API that asks to wait and fails, beside dlt (bench/http_api.py; --help says how).
# The peers (bench/postgres_lineitem_requirements.txt) are installed once for each machine, in an environment of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
export LOCHAN_BIN=${LOCHAN_BIN:-$PWD/build/release/lochan}

requirements=$PWD/bench/postgres_lineitem_requirements.txt
cache=${LOCHAN_CACHE:-$HOME/.cache/lochan}
folder=$cache/loaders-$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')-$(sha256sum "$requirements" | cut -c 1-12)
mkdir -p "$cache"
exec 9>"$cache/loaders.lock"
flock 9
if [ ! -e "$folder/complete" ]; then
  echo "bench/http_api.sh: installing bench/postgres_lineitem_requirements.txt into $folder" >&2
  python3 -m venv --clear "$folder"
  "$folder/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps --only-binary :all: --requirement "$requirements" >&2
  touch "$folder/complete"
fi
flock -u 9
exec "$folder/bin/python" -B bench/http_api.py "$@"
