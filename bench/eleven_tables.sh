#!/usr/bin/env bash
# Loads eleven small tables from PostgreSQL, beside DuckDB, dlt and Sling (bench/eleven_tables.py; --help says how).
source "$(dirname "$0")/peers.sh"
programs=$(required loaders bench/postgres_lineitem_requirements.txt)
sling=$(installed sling bench/sling_requirements.txt)
if [ -n "$sling" ]; then
  SLING_BINARY=$("$sling/python" -c 'import glob, os, sling_linux_amd64 as s; print(glob.glob(os.path.join(list(s.__path__)[0], "bin", "sling*"))[0])')
  export SLING_BINARY
fi
exec "$programs/python" -B bench/eleven_tables.py "$@"
