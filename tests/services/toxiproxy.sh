#!/usr/bin/env bash
# Toxiproxy, built from its Go module: proxies of TCP that delay, cut and slow connections, set up over HTTP:
#   curl -d '{"name":"shop","listen":"127.0.0.1:0","upstream":"127.0.0.1:25432"}' $TOXIPROXY_URL/proxies
#   curl -d '{"type":"limit_data","attributes":{"bytes":10000}}' $TOXIPROXY_URL/proxies/shop/toxics
#   TOXIPROXY_PORT
NAME=toxiproxy
PORT=${TOXIPROXY_PORT:-25474}
source "$(dirname "$0")/service.sh"

version=v2.7.0 # the newest that Debian 12's Go can build
program=${LOCHAN_CACHE:-$HOME/.cache/lochan}/toxiproxy-$version/server

install_it() {
  [ -x "$program" ] && return
  command -v go >/dev/null || packages golang-go
  tell "building $version"
  CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-p=2 GOBIN=$(dirname "$program") nice go install -trimpath -ldflags='-s -w' \
    "github.com/Shopify/toxiproxy/v2/cmd/server@$version" >>"$LOG" 2>&1 || { tail "$LOG" >&2; fail "it could not be built"; }
}

start_it() {
  launch "$program" -host 127.0.0.1 -port "$PORT"
  wait_for 30 "http://127.0.0.1:$PORT/version"
}

describe_it() { echo "TOXIPROXY_URL=http://127.0.0.1:$PORT"; }

run_service "$@"
