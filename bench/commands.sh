#!/usr/bin/env bash
# 100 steps that do nothing, beside Prefect and Dagster (bench/commands.py; --help says how). Takes the arguments of that.
source "$(dirname "$0")/peers.sh"
programs=$(installed orchestrators bench/commands_requirements.txt)
[ -z "$programs" ] || export LOCHAN_PEERS=$programs
exec python3 -B bench/commands.py "$@"
