#!/usr/bin/env bash
# Loads two shops that sell ever faster, and says where that saturates (bench/shop_load.py; --help says how).
# What draws the plots (bench/shop_load_requirements.txt) is installed once for each machine, in an environment of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
export LOCHAN_BIN=${LOCHAN_BIN:-$PWD/build/release/lochan}

requirements=$PWD/bench/shop_load_requirements.txt
cache=${LOCHAN_CACHE:-$HOME/.cache/lochan}
folder=$cache/plots-$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')-$(sha256sum "$requirements" | cut -c 1-12)
mkdir -p "$cache"
exec 9>"$cache/plots.lock"
flock 9
if [ ! -e "$folder/complete" ]; then
  echo "bench/shop_load.sh: installing bench/shop_load_requirements.txt into $folder" >&2
  python3 -m venv --clear "$folder"
  "$folder/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps --only-binary :all: --requirement "$requirements" >&2
  touch "$folder/complete"
fi
flock -u 9
exec "$folder/bin/python" -B bench/shop_load.py "$@"
