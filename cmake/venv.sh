#!/usr/bin/env bash
# Makes a Python environment of the tests once for each machine, and prints its interpreter.
#   cmake/venv.sh [--path] [REQUIREMENTS]    tests/requirements.txt by default; --path prints it only
set -euo pipefail

is_path_wanted=
if [ "${1:-}" = --path ]; then
  is_path_wanted=yes
  shift
fi
requirements=${1:-$(cd "$(dirname "$0")/.." && pwd)/tests/requirements.txt}
cache=${LOCHAN_CACHE:-$HOME/.cache/lochan}
command -v python3 >/dev/null || "$(dirname "$0")/setup.sh" python3-venv  # `make services` alone
release=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
folder=$cache/python-$release-$(sha256sum "$requirements" | cut -c 1-12)

if [ -z "$is_path_wanted" ] && [ ! -e "$folder/complete" ]; then
  mkdir -p "$cache"
  exec 9>"$cache/python.lock"
  flock 9
  if [ ! -e "$folder/complete" ]; then
    echo "cmake/venv.sh: installing $requirements into $folder" >&2
    python3 -m venv --clear "$folder"
    "$folder/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps --only-binary :all: \
      --requirement "$requirements" >&2 || { echo "cmake/venv.sh: pip could not install $requirements" >&2; exit 1; }
    touch "$folder/complete"
  fi
fi
echo "$folder/bin/python"
