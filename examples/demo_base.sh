# What the demos of the examples share; they source it. It makes a temporary folder, and at the end, after an error and after Ctrl-C it
# ends what was started, calls `clean_more` if the demo has such a function, and leaves nothing.
#   LOCHAN_BIN=path/to/lochan   another binary than build/release/lochan
#   DEMO_KEEP=1                 keep the folder, to look around in it
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
lochan=$(realpath -m "${LOCHAN_BIN:-$root/build/release/lochan}")
folder=$(mktemp -d "${TMPDIR:-/tmp}/lochan-$(basename "$(dirname "$(realpath "$0")")").XXXXXX")
started=$SECONDS
children=()

bold='' dim='' green='' red='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
fi

# --- what it says -------------------------------------------------------------------------------------------------------------

fail() {
  echo "${red}demo: $*${plain}" >&2
  exit 1
}
step_number=0
step() {
  step_number=$((step_number + 1))
  printf '\n%s\n' "$bold$step_number. $1$plain"
}
why() { echo "${dim}   $*${plain}"; }
proved() { printf '\n%s\n' "${green}Proved in $((SECONDS - started)) s: $*${plain}"; }

# Tells a command as a person would type it, passwords apart.
tell() {
  local word line='$ lochan'
  for word; do
    word=${word//:\/\/*@/:\/\/…@}
    if [[ $word =~ ^[A-Za-z0-9_.+:/@=…-]+$ ]]; then line+=" $word"; else line+=" \"$word\""; fi
  done
  printf '\n%s\n' "$bold$line$plain"
}
show() {
  tell "$@"
  "$lochan" "$@"
}
value() { "$lochan" query --output csv "$@" | tail -n 1; }

# --- what it starts, and ends -------------------------------------------------------------------------------------------------

# In the background, until the end or `stop`; its number is then in `child`.
start() {
  "$@" &
  child=$!
  children+=("$child")
}
stop() { # NUMBER
  local other kept=()
  kill -TERM "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
  for other in "${children[@]}"; do [ "$other" = "$1" ] || kept+=("$other"); done
  children=("${kept[@]}")
}
# Starts a server of tests/services, prints how it is reached, and remembers to stop it unless it was there before.
start_server() { # NAME
  "$root/tests/services/$1.sh" status >/dev/null 2>&1 || touch "$folder/$1.started"
  "$root/tests/services/$1.sh" start
}
password() { od -An -N 12 -t x1 /dev/urandom | tr -d ' \n'; }

wait_for() { # WHAT COMMAND…
  local what=$1 child
  shift
  for _ in $(seq 240); do
    "$@" && return
    for child in "${children[@]}"; do kill -0 "$child" 2>/dev/null || fail "a program of the demo ended while it waited for $what"; done
    sleep 0.5
  done
  fail "waited in vain for $what"
}

# --- the mail that was sent ---------------------------------------------------------------------------------------------------

# Starts the mail server of tests/services: `mail_url` is for SMTP_URL. What it took is asked for by what tells this demo's mail from
# others', the address that it goes to.
start_mail_server() { # ADDRESS
  local answer
  answer=$(start_server smtp)
  mail_to=$1 mail_url=smtp://$(sed -n 's/^SMTP_PLAIN=//p' <<<"$answer")
  mail_taken=$(sed -n 's/^SMTP_TAKEN=//p' <<<"$answer") mail_certificate=$(sed -n 's/^SMTP_CERTIFICATE=//p' <<<"$answer")
}
mails_with() { # TEXT COUNT|SHOW
  curl --noproxy '*' -fsS --cacert "$mail_certificate" "$mail_taken/messages" | python3 -c '
import json, sys
found = [m for m in json.load(sys.stdin) if sys.argv[1] in m["to"][0] and sys.argv[2] in m["subject"] + m["text"]]
if sys.argv[3] == "count": print(len(found))
else: print("   mail to " + found[-1]["to"][0] + ": " + found[-1]["subject"]); print("".join("     " + l + "\n" for l in found[-1]["text"].splitlines()[:12]))
' "$mail_to" "$1" "$2"
}
has_mail() { [ "$(mails_with "$1" count)" -gt 0 ]; }
show_mail() { mails_with "$1" show; }

clean_up() {
  local status=$? child mark
  trap '' INT TERM
  trap - EXIT
  for child in "${children[@]}"; do kill -TERM "$child" 2>/dev/null || true; done
  for child in "${children[@]}"; do wait "$child" 2>/dev/null || true; done
  if declare -F clean_more >/dev/null; then clean_more "$status" || true; fi
  for mark in "$folder"/*.started; do
    [ ! -e "$mark" ] || "$root/tests/services/$(basename "$mark" .started).sh" clean || true
  done
  if [ -n "${DEMO_KEEP:-}" ]; then echo "The project is kept in $folder"; else rm -rf "$folder"; fi
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

[ -x "$lochan" ] || fail "there is no $lochan: run \`make build\` first"
