# What the scripts of this folder share; they source it, name themselves and define three functions:
#   NAME, PORT      the service, and where on 127.0.0.1 it listens
#   install_it      puts its programs in place; does nothing when they are there
#   start_it        ends with `launch PROGRAM…` and `wait_until SECONDS COMMAND…` or `wait_for SECONDS URL`
#   describe_it     prints NAME=VALUE lines of how to reach it
# Data, log and pid file are under LOCHAN_SERVICES (/tmp/lochan-services): throw-away. Another LOCHAN_SERVICES and another
# port make a second server.
set -euo pipefail

DATA=${LOCHAN_SERVICES:-/tmp/lochan-services}/$NAME
LOG=$DATA/log
PID_FILE=$DATA/pid

tell() { echo "$NAME: $*" >&2; }
fail() {
  tell "$@"
  exit 1
}
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
# Debian packages; asks no network when they are there.
packages() { "$(dirname "${BASH_SOURCE[0]}")/../../cmake/setup.sh" "$@"; }

# A process's start, in clock ticks since boot: with its number, it tells a process from a later one of the same number.
born() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }
is_running() {
  local pid birth
  [ -r "$PID_FILE" ] && read -r pid birth <"$PID_FILE" && [ -n "$birth" ] && [ "$(born "$pid")" = "$birth" ]
}

# In a session of its own, so that no Ctrl-C reaches it, and without our lock.
launch() {
  setsid env --chdir "$DATA" "$@" >>"$LOG" 2>&1 </dev/null 9>&- &
  echo "$! $(born $!)" >"$PID_FILE"
}

wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    is_running || { tail -n 20 "$LOG" >&2; fail "it ended while it started; its log is $LOG"; }
    [ $SECONDS -lt $deadline ] || { tail -n 20 "$LOG" >&2; fail "it did not answer in time; its log is $LOG"; }
    sleep 0.1
  done
}

# SECONDS URL [OPTION…]: until it answers with success.
wait_for() {
  command -v curl >/dev/null || packages curl
  wait_until "$1" curl --noproxy '*' -fsS "${@:3}" "$2"
}

stop_it() {
  local pid birth
  if is_running; then
    read -r pid birth <"$PID_FILE"
    kill -"${STOP_SIGNAL:-TERM}" "$pid" 2>/dev/null || true
    for _ in $(seq 200); do
      is_running || break
      sleep 0.1
    done
    if is_running; then kill -KILL "$pid"; fi
  fi
  rm -f "$PID_FILE"
}

# One caller at a time; who comes second finds it done.
run_service() {
  mkdir -p "$DATA"
  exec 9>"$DATA.lock"
  flock 9
  case ${1:-} in
    install) install_it ;;
    start)
      if ! is_running; then
        install_it
        start_it
      fi
      describe_it
      ;;
    stop) stop_it ;;
    clean)
      stop_it
      rm -rf "$DATA"
      ;;
    status) if is_running; then describe_it; else
      tell "it is not running"
      exit 3
    fi ;;
    *) fail "usage: $0 install|start|stop|clean|status" ;;
  esac
}
