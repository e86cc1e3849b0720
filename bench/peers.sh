# Sourced by the benchmarks: other tools, installed once for each machine, each list of them in an environment of its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LOCHAN_BIN=${LOCHAN_BIN:-$PWD/build/release/lochan}

# installed NAME REQUIREMENTS: prints the folder of the programs that the file lists; nothing when they can't be had.
installed() {
  local cache folder
  cache=${LOCHAN_CACHE:-$HOME/.cache/lochan}
  folder=$cache/$1-$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')-$(sha256sum "$2" | cut -c 1-12)
  mkdir -p "$cache"
  exec 9>"$cache/$1.lock"
  flock 9
  if [ ! -e "$folder/complete" ]; then
    echo "$0: installing $2 into $folder" >&2
    if python3 -m venv --clear "$folder" && "$folder/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps \
        --only-binary :all: --requirement "$2" >&2; then
      touch "$folder/complete"
    else
      echo "$0: $2 could not be installed: its programs are left out" >&2
    fi
  fi
  exec 9>&-
  if [ -e "$folder/complete" ]; then echo "$folder/bin"; fi
}

# required NAME REQUIREMENTS: the same, or an end with a message.
required() {
  local folder
  folder=$(installed "$1" "$2")
  [ -n "$folder" ] || { echo "$0: nothing is measured without them" >&2; exit 1; }
  echo "$folder"
}
