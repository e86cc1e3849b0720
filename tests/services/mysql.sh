#!/usr/bin/env bash
# MariaDB 10.11, as Debian packages it: user `root`, no password, TLS with a certificate of its own (mysql/server.crt).
#   MYSQL_PORT, MYSQL_OPTIONS ("--max-connections=20")
NAME=mysql
PORT=${MYSQL_PORT:-25306}
source "$(dirname "$0")/service.sh"

# The packages without Debian's own service: they start no server by themselves.
install_it() {
  command -v mariadbd >/dev/null && command -v mariadb >/dev/null || packages mariadb-server-core mariadb-client-core
}

make_database() {
  mkdir -p "$DATA/db"
  mariadb-install-db --no-defaults --datadir="$DATA/db" --auth-root-authentication-method=normal --skip-test-db --user="$(id -un)"
  openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -keyout "$DATA/server.key" -out "$DATA/server.crt"
}

answers() { mariadb --no-defaults --protocol=tcp --host=127.0.0.1 --port="$PORT" --user=root --execute="select 1"; }

start_it() {
  if [ ! -e "$DATA/server.crt" ]; then
    rm -rf "$DATA/db"
    make_database >>"$LOG" 2>&1 || { tail "$LOG" >&2; fail "it could not be set up"; }
  fi
  # Without syncs: the data outlives the server's death, not a power cut.
  launch mariadbd --no-defaults --user="$(id -un)" --datadir="$DATA/db" --socket="$DATA/socket" --pid-file="$DATA/db/pid" \
    --bind-address=127.0.0.1 --port="$PORT" --skip-name-resolve --ssl-cert="$DATA/server.crt" --ssl-key="$DATA/server.key" \
    --innodb-flush-log-at-trx-commit=0 --innodb-flush-method=nosync --character-set-server=utf8mb4 --max-connections=200 \
    ${MYSQL_OPTIONS:-}
  wait_until 60 answers
}

describe_it() {
  echo "MYSQL_URL=mysql://root@127.0.0.1:$PORT"
  echo "MYSQL_PID=$(cut -d ' ' -f 1 "$PID_FILE")"
  echo "MYSQL_CERTIFICATE=$DATA/server.crt"
}

run_service "$@"
