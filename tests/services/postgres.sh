#!/usr/bin/env bash
# PostgreSQL 15, as Debian packages it: user `postgres`, no password, TLS with a certificate of its own (postgres/db/server.crt).
#   POSTGRES_PORT, POSTGRES_OPTIONS ("-c work_mem=64MB")
NAME=postgres
PORT=${POSTGRES_PORT:-25432}
STOP_SIGNAL=INT # ends sessions, then stops
source "$(dirname "$0")/service.sh"

programs=/usr/lib/postgresql/15/bin
# The server refuses to run as root.
user=()
[ "$(id -u)" != 0 ] || user=(setpriv --reuid postgres --regid postgres --init-groups --)

install_it() {
  [ -x $programs/postgres ] && return
  # Else Debian makes and starts a cluster of its own.
  as_root mkdir -p /etc/postgresql-common/createcluster.d
  echo "create_main_cluster = false" | as_root tee /etc/postgresql-common/createcluster.d/lochan.conf >/dev/null
  packages postgresql-15
}

make_cluster() {
  mkdir -p "$DATA/db"
  if [ "$(id -u)" = 0 ]; then
    chmod 755 "$(dirname "$DATA")" "$DATA"
    chown postgres "$DATA" "$DATA/db"
  fi
  "${user[@]}" $programs/initdb --pgdata "$DATA/db" --username postgres --auth trust --encoding UTF8 --locale C.UTF-8 --no-sync
  "${user[@]}" openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -keyout "$DATA/db/server.key" -out "$DATA/db/server.crt"
  "${user[@]}" chmod 600 "$DATA/db/server.key"
}

start_it() {
  if [ ! -e "$DATA/db/server.key" ]; then
    rm -rf "$DATA/db"
    make_cluster >>"$LOG" 2>&1 || { tail "$LOG" >&2; fail "it could not be set up"; }
  fi
  # Without fsync: the data outlives the server's death, not a power cut.
  launch "${user[@]}" $programs/postgres -D "$DATA/db" -p "$PORT" -k "$DATA" -c listen_addresses=127.0.0.1 -c ssl=on \
    -c fsync=off -c max_connections=200 -c wal_level=logical ${POSTGRES_OPTIONS:-}
  wait_until 60 $programs/pg_isready -q -h 127.0.0.1 -p "$PORT" -U postgres
}

describe_it() {
  echo "POSTGRES_URL=postgresql://postgres@127.0.0.1:$PORT/postgres"
  echo "POSTGRES_PID=$(cut -d ' ' -f 1 "$PID_FILE")"
  echo "POSTGRES_CERTIFICATE=$DATA/db/server.crt"
}

run_service "$@"
