#!/usr/bin/env bash
# `make bench`: measures Lochan beside its peers and prints a table. The arguments go to bench.py (--help lists them).
source "$(dirname "$0")/peers.sh"
peers=$(installed peers bench/requirements.txt)
soda=$(installed soda bench/checks_requirements.txt)
[ -z "$peers" ] || export LOCHAN_PEERS=$peers
[ -z "$soda" ] || export LOCHAN_SODA=$soda
exec python3 -B bench/bench.py "$@"
