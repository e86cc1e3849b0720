#!/usr/bin/env bash
# `make bench`: measures Lochan beside its peers and prints a table. The arguments go to bench.py (--help lists them).
# The peers (bench/requirements.txt, bench/checks_requirements.txt) are installed once for each machine, in environments of their own.
set -euo pipefail
cd "$(dirname "$0")/.."
export LOCHAN_BIN=${LOCHAN_BIN:-$PWD/build/release/lochan}

cache=${LOCHAN_CACHE:-$HOME/.cache/lochan}
mkdir -p "$cache"
exec 9>"$cache/peers.lock"
flock 9

# Prints the folder of the programs that the file $2 lists, installed as $1; nothing when they can't be.
installed() {
  local folder
  folder=$cache/$1-$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')-$(sha256sum "$PWD/$2" | cut -c 1-12)
  if [ ! -e "$folder/complete" ]; then
    echo "bench/run.sh: installing $2 into $folder" >&2
    if python3 -m venv --clear "$folder" && "$folder/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps \
        --only-binary :all: --requirement "$2" >&2; then
      touch "$folder/complete"
    else
      echo "bench/run.sh: $2 could not be installed: its programs are left out" >&2
      return
    fi
  fi
  echo "$folder/bin"
}

peers=$(installed peers bench/requirements.txt)
soda=$(installed soda bench/checks_requirements.txt)
flock -u 9
[ -z "$peers" ] || export LOCHAN_PEERS=$peers
[ -z "$soda" ] || export LOCHAN_SODA=$soda
exec python3 -B bench/bench.py "$@"
