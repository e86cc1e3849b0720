#!/usr/bin/env bash
# Loads 200,000 records from an HTTP API that asks to wait and fails, beside dlt (bench/http_api.py; --help says how).
source "$(dirname "$0")/peers.sh"
programs=$(required loaders bench/postgres_lineitem_requirements.txt)
exec "$programs/python" -B bench/http_api.py "$@"
