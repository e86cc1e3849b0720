#!/usr/bin/env bash
# Upserts documents with ten nested elements into MongoDB, beside PyMongo's bulk write (bench/mongodb_upsert.py; --help says how).
source "$(dirname "$0")/peers.sh"
programs=$(required mongodb bench/mongodb_upsert_requirements.txt)
exec "$programs/python" -B bench/mongodb_upsert.py "$@"
