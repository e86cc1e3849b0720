#!/usr/bin/env bash
# nginx, out of Debian's package without installing it (which would start one on port 80): a web server that lists folders,
# with ETags, parts and conditions. What lies in WEB_FOLDER is at WEB_URL; below `locked/` for `Bearer lochan-secret` alone.
#   WEB_PORT
NAME=web
PORT=${WEB_PORT:-25880}
source "$(dirname "$0")/service.sh"

program=${LOCHAN_CACHE:-$HOME/.cache/lochan}/nginx/usr/sbin/nginx

fetch() {
  cd "$1"
  apt-get download nginx || { as_root apt-get update && apt-get download nginx; }
  dpkg -x nginx_*.deb files
}

install_it() {
  [ -x "$program" ] && return
  packages libpcre2-8-0 libssl3 zlib1g
  tell "fetching nginx"
  local folder
  folder=$(mktemp -d)
  (fetch "$folder") >>"$LOG" 2>&1 || { tail "$LOG" >&2; fail "it could not be fetched"; }
  mkdir -p "${program%/usr/sbin/nginx}"
  cp -r "$folder/files/." "${program%/usr/sbin/nginx}"
  rm -rf "$folder"
}

start_it() {
  mkdir -p "$DATA/files/locked"
  cat >"$DATA/nginx.conf" <<CONF
daemon off;
user $(id -un);
pid nginx.pid;
error_log stderr;
worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path temp;
  proxy_temp_path temp;
  fastcgi_temp_path temp;
  uwsgi_temp_path temp;
  scgi_temp_path temp;
  server {
    listen 127.0.0.1:$PORT;
    root files;
    autoindex on;
    location /locked/ {
      if (\$http_authorization != "Bearer lochan-secret") { return 401; }
    }
  }
}
CONF
  launch "$program" -p "$DATA" -c nginx.conf -e stderr
  wait_for 30 "http://127.0.0.1:$PORT/"
}

describe_it() {
  echo "WEB_URL=http://127.0.0.1:$PORT"
  echo "WEB_FOLDER=$DATA/files"
}

run_service "$@"
