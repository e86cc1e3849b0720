#!/usr/bin/env bash
# MinIO, built from its Go module: a server of S3 that checks signatures and conditions, with versions, object locks and
# server-side encryption. Keys `lochan` and `lochan-secret`.
#   S3_PORT
#   S3_TLS=yes: over TLS, with a certificate of its own (s3/certificates/public.crt); another port and LOCHAN_SERVICES then
NAME=s3
PORT=${S3_PORT:-25900}
source "$(dirname "$0")/service.sh"

version=v0.0.0-20260212201848-7aac2a2c5b7c
program=${LOCHAN_CACHE:-$HOME/.cache/lochan}/minio-$version/minio
# Debian 12's Go is too old for it, and fetches a newer one as a module.
toolchain=v0.0.1-go1.26.0.linux-amd64
scheme=http${S3_TLS:+s}

build_it() {
  local go=go modules
  command -v go >/dev/null || packages golang-go
  if ! go version | grep -qE 'go1\.(2[6-9]|[3-9][0-9])'; then
    modules=$(go env GOMODCACHE)
    GOTOOLCHAIN=local GOFLAGS=-modcacherw go mod download "golang.org/toolchain@$toolchain"
    go=$modules/golang.org/toolchain@$toolchain/bin/go
    chmod +x "$(dirname "$go")"/* "${go%/bin/go}"/pkg/tool/*/*
    export GOROOT=${go%/bin/go}
  fi
  GOTOOLCHAIN=local CGO_ENABLED=0 GOFLAGS=-p=2 GOBIN=$(dirname "$program") nice "$go" install -trimpath -ldflags='-s -w' \
    "github.com/minio/minio@$version"
}

install_it() {
  [ -x "$program" ] && return
  tell "building $version: the first time takes minutes"
  build_it >>"$LOG" 2>&1 || { tail "$LOG" >&2; fail "it could not be built"; }
}

start_it() {
  local certificates=$DATA/certificates
  mkdir -p "$DATA/disk" "$certificates"
  if [ -n "${S3_TLS:-}" ] && [ ! -e "$certificates/public.crt" ]; then
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
      -keyout "$certificates/private.key" -out "$certificates/public.crt" >>"$LOG" 2>&1
  fi
  # The key (32 bytes of zero) lets clients ask for server-side encryption.
  launch env MINIO_ROOT_USER=lochan MINIO_ROOT_PASSWORD=lochan-secret MINIO_BROWSER=off MINIO_UPDATE=off MINIO_CI_CD=1 \
    MINIO_KMS_SECRET_KEY="lochan:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" \
    "$program" server --quiet --certs-dir "$certificates" --address "127.0.0.1:$PORT" "$DATA/disk"
  wait_for 60 "$scheme://127.0.0.1:$PORT/minio/health/ready" --insecure
}

describe_it() {
  echo "S3_ENDPOINT=$scheme://127.0.0.1:$PORT"
  echo "S3_ACCESS_KEY_ID=lochan"
  echo "S3_SECRET_ACCESS_KEY=lochan-secret"
  echo "S3_CERTIFICATE=$DATA/certificates/public.crt"
}

run_service "$@"
