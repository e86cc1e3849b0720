#!/usr/bin/env bash
# S3 as PyPI's Moto plays it, in memory: it knows Amazon's storage classes, and objects that rest until they were asked for
# (MinIO, of s3.sh, refuses classes). It takes any keys. A copy that was asked for is there after MOTO_WAITS looks at it.
#   MOTO_PORT
NAME=moto
PORT=${MOTO_PORT:-25910}
source "$(dirname "$0")/service.sh"
here=$(cd "$(dirname "$0")" && pwd)
waits=${MOTO_WAITS:-3}

install_it() { "$here/../../cmake/venv.sh" "$here/moto_requirements.txt" >/dev/null; }

start_it() {
  local python
  python=$("$here/../../cmake/venv.sh" --path "$here/moto_requirements.txt")
  launch "$python" -c 'import sys; from moto.server import main; main(sys.argv[1:])' -H 127.0.0.1 -p "$PORT"
  wait_until 60 curl --noproxy '*' -fsS "http://127.0.0.1:$PORT/moto-api/"
  curl --noproxy '*' -fsS -o /dev/null -X POST "http://127.0.0.1:$PORT/moto-api/state-manager/set-transition" \
    -d "{\"model_name\": \"s3::keyrestore\", \"transition\": {\"progression\": \"manual\", \"times\": $waits}}"
}

describe_it() {
  echo "MOTO_ENDPOINT=http://127.0.0.1:$PORT"
}

run_service "$@"
