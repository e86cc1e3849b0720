#!/usr/bin/env bash
# The tour of PostgreSQL (tour.sql), in the database that POSTGRES_HOST, _PORT, _DB, _USER and _PASSWORD name, in the environment or in
# .env. Alone, or as a step: lochan run --select command:tour
set -euo pipefail
cd "$(dirname "$0")/.."

# What .env says counts where the environment doesn't say it.
if [ -e .env ]; then
  while IFS='=' read -r name value; do
    case $name in POSTGRES_*) [ -n "${!name:-}" ] || export "$name=$value" ;; esac
  done <.env
fi
for name in HOST PORT DB USER PASSWORD; do
  variable=POSTGRES_$name
  [ -n "${!variable+set}" ] || { echo "tour.sh: no $variable, neither in the environment nor in .env" >&2; exit 2; }
done
command -v psql >/dev/null || { echo "tour.sh: needs the command psql (Debian: apt install postgresql-client)" >&2; exit 2; }

PGPASSWORD=$POSTGRES_PASSWORD PGOPTIONS='--client-min-messages=warning' PGCONNECT_TIMEOUT=10 exec psql -X -v ON_ERROR_STOP=1 -P footer=off \
  -h "$POSTGRES_HOST" -p "$POSTGRES_PORT" -U "$POSTGRES_USER" -d "$POSTGRES_DB" -f tour/tour.sql
