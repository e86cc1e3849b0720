#!/usr/bin/env bash
# Mail servers, by PyPI's aiosmtpd, and what they took over HTTPS (smtp_sink.py): with STARTTLS and a password, with TLS
# from the first byte and a password, with neither; a certificate of its own (smtp/server.crt); user `lochan`, password
# `p@ss:word`.
#   SMTP_PORT (the first of four)
NAME=smtp
PORT=${SMTP_PORT:-25587}
source "$(dirname "$0")/service.sh"
here=$(cd "$(dirname "$0")" && pwd)

install_it() { "$here/../../cmake/venv.sh" >/dev/null; }

start_it() {
  [ -e "$DATA/server.crt" ] || openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$DATA/server.key" -out "$DATA/server.crt" >>"$LOG" 2>&1
  launch "$("$here/../../cmake/venv.sh" --path)" -u "$here/smtp_sink.py" "$PORT" "$DATA/server.crt" "$DATA/server.key"
  wait_for 60 "https://127.0.0.1:$((PORT + 3))/messages" --cacert "$DATA/server.crt"
}

describe_it() {
  echo "SMTP_PLAIN=127.0.0.1:$PORT"
  echo "SMTP_STARTTLS=127.0.0.1:$((PORT + 1))"
  echo "SMTP_TLS=127.0.0.1:$((PORT + 2))"
  echo "SMTP_TAKEN=https://127.0.0.1:$((PORT + 3))"
  echo "SMTP_CERTIFICATE=$DATA/server.crt"
}

run_service "$@"
