#!/usr/bin/env bash
# Makes the Python environment of the tests (tests/requirements.txt) once for each machine, and prints its interpreter.
#   cmake/venv.sh --path    prints it only
set -euo pipefail

requirements=$(cd "$(dirname "$0")/.." && pwd)/tests/requirements.txt
cache=${LOCHAN_CACHE:-$HOME/.cache/lochan}
command -v python3 >/dev/null || "$(dirname "$0")/setup.sh" python3-venv  # `make services` alone
release=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
folder=$cache/python-$release-$(sha256sum "$requirements" | cut -c 1-12)

if [ "${1:-}" != --path ] && [ ! -e "$folder/complete" ]; then
  mkdir -p "$cache"
  exec 9>"$cache/python.lock"
  flock 9
  if [ ! -e "$folder/complete" ]; then
    echo "cmake/venv.sh: installing tests/requirements.txt into $folder" >&2
    python3 -m venv --clear "$folder"
    "$folder/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps --only-binary :all: \
      --requirement "$requirements" >&2 || { echo "cmake/venv.sh: pip could not install tests/requirements.txt" >&2; exit 1; }
    touch "$folder/complete"
  fi
fi
echo "$folder/bin/python"
