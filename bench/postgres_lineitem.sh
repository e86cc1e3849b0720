#!/usr/bin/env bash
# Loads TPC-H's lineitem from PostgreSQL, beside other tools (bench/postgres_lineitem.py; --help says how).
source "$(dirname "$0")/peers.sh"
programs=$(required loaders bench/postgres_lineitem_requirements.txt)
exec "$programs/python" -B bench/postgres_lineitem.py "$@"
