#!/bin/sh
# Removes files of tmp/ that were last written more than a day ago.
set -eu
cd "$(dirname "$0")"
[ ! -d tmp ] || find tmp -type f -mmin +1440 -delete
