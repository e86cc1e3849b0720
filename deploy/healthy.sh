#!/bin/bash
# Whether `lochan serve` in this container can serve: /ready answers 200. LOCHAN_PORT is the port (7420).
set -eu
exec 3<>"/dev/tcp/127.0.0.1/${LOCHAN_PORT:-7420}"
printf 'GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 4 _ status _ <&3
[ "$status" = 200 ]
