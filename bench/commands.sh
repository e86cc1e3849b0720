#!/usr/bin/env bash
# 100 steps that do nothing, beside Prefect and Dagster (bench/commands.py; --help says how). Takes the arguments of that.
# The peers (bench/commands_requirements.txt) are installed once for each machine, in an environment of their own.
set -euo pipefail
cd "$(dirname "$0")/.."
export LOCHAN_BIN=${LOCHAN_BIN:-$PWD/build/release/lochan}

requirements=$PWD/bench/commands_requirements.txt
cache=${LOCHAN_CACHE:-$HOME/.cache/lochan}
folder=$cache/orchestrators-$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')-$(sha256sum "$requirements" | cut -c 1-12)
mkdir -p "$cache"
exec 9>"$cache/orchestrators.lock"
flock 9
if [ ! -e "$folder/complete" ]; then
  echo "bench/commands.sh: installing bench/commands_requirements.txt into $folder" >&2
  if python3 -m venv --clear "$folder" && "$folder/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps \
      --only-binary :all: --requirement "$requirements" >&2; then
    touch "$folder/complete"
  else
    echo "bench/commands.sh: the peers could not be installed: they are left out" >&2
  fi
fi
flock -u 9
if [ -e "$folder/complete" ]; then
  export LOCHAN_PEERS=$folder/bin
fi
exec python3 -B bench/commands.py "$@"
