#!/usr/bin/env bash
# Users and orders from an HTTP API that asks to wait and fails, into raw, staging and a mart in PostgreSQL; then again with what is
# new only. At the end the mart is compared with SQL that PostgreSQL computes from the API's own answers. It starts what it needs, works in
# a temporary folder and leaves nothing.
#   LOCHAN_BIN=path/to/lochan   another binary than build/release/lochan
#   ORDERS=20000                how many orders there are at first
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
lochan=$(realpath -m "${LOCHAN_BIN:-$root/build/release/lochan}")
folder=$(mktemp -d "${TMPDIR:-/tmp}/lochan-volt.XXXXXX")
api='' server='' run=volt_$$ started=$SECONDS
export PGTZ=UTC PGOPTIONS='--client-min-messages=warning'

fail() {
  echo "demo: $*" >&2
  exit 1
}
clean_up() {
  local status=$?
  trap - EXIT INT TERM
  [ -z "$api" ] || { kill -TERM "$api" && wait "$api"; } 2>/dev/null || true
  if [ -n "$server" ]; then
    psql -X -q -c "drop database if exists $run with (force)" "$server" || true
    psql -X -q -c "drop role if exists ${run}_loader" "$server" || true
  fi
  [ ! -e "$folder/started" ] || "$root/tests/services/postgres.sh" clean || true
  rm -rf "$folder"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
step() { printf '\n%s\n' "$*"; }
show() {
  local word line='$ lochan'
  for word; do
    if [[ $word =~ ^[A-Za-z0-9_.+:-]+$ ]]; then line+=" $word"; else line+=" \"$word\""; fi
  done
  printf '\n%s\n' "$line"
  "$lochan" "$@"
}
ask_api() { curl --noproxy '*' -fsS --retry 20 --retry-delay 1 -H 'Authorization: Bearer volt-token' "$@"; }

[ -x "$lochan" ] || fail "there is no $lochan: run \`make build\` first"
command -v psql >/dev/null || fail "needs the command psql (Debian: apt install postgresql-client)"

step "1. An API, a PostgreSQL server, a project"
"$root/tests/services/postgres.sh" status >/dev/null 2>&1 || touch "$folder/started"
server=$("$root/tests/services/postgres.sh" start | sed -n 's/^POSTGRES_URL=//p')
password=$(od -An -N 12 -t x1 /dev/urandom | tr -d ' \n')
psql -X -q -c "create database $run" -c "create role ${run}_loader login password '$password'" "$server"
psql -X -q -c "create schema mart authorization ${run}_loader" "${server%/*}/$run"
"$lochan" simulate api --port 0 --users 150 --orders "${ORDERS:-20000}" --auth bearer --secret volt-token --every-429 20 --every-500 50 \
  --tick-interval 0 2>"$folder/api.log" &
api=$!
for _ in $(seq 100); do
  VOLT_API=$(sed -n 's/.* at \(http:[^ ]*[0-9]\): .*/\1/p' "$folder/api.log")
  [ -n "$VOLT_API" ] && break
  kill -0 "$api" || fail "the API ended"
  sleep 0.1
done
head -n 1 "$folder/api.log"
"$lochan" init volt "$folder/volt" >/dev/null
cd "$folder/volt"
address=${server#*@}
{
  echo "VOLT_API=$VOLT_API"
  echo "VOLT_TOKEN=volt-token"
  echo "MART_URL=postgresql://${run}_loader:$password@${address%/*}/$run"
} >.env
sed -i 's/# mart:/mart:/' lochan.yaml
mkdir sinks && cp warehouse/mart.yaml sinks/

step "2. The first load: each answer is kept as it was received, then read"
show run
grep -h 'calls' .lochan/logs/*.log | tail -n 2 | cut -c 1-160 || true

step "3. Only what is new: ten ticks of the API, then a run"
for _ in $(seq 10); do ask_api -X POST "$VOLT_API/_tick" >/dev/null; done
show run
show run
show query "select * from mart.users_mart order by rank limit 3"

step "4. Is it true? The mart in PostgreSQL, and the same computed there from the API's own answers"
# An answer has one line of JSON.
ask_api "$VOLT_API/list/users" >"$folder/users.json"
ask_api "$VOLT_API/list/orders" >"$folder/orders.json"
psql -X -q -A -t -v ON_ERROR_STOP=1 "${server%/*}/$run" >"$folder/report" <<SQL
create table answer(name text, body jsonb);
create table line(text text);
\copy line from '$folder/users.json' with (format csv, delimiter e'\x01', quote e'\x02')
insert into answer select 'users', string_agg(text, '')::jsonb from line;
truncate line;
\copy line from '$folder/orders.json' with (format csv, delimiter e'\x01', quote e'\x02')
insert into answer select 'orders', string_agg(text, '')::jsonb from line;
create view wanted as
  with users as (select u.* from answer, jsonb_to_recordset(body) as u(id bigint, name text, email text) where answer.name = 'users'),
       orders as (select o.* from answer, jsonb_to_recordset(body) as o(id bigint, user_id bigint, amount numeric, created_at timestamp) where answer.name = 'orders')
  select users.id as user_id, users.name, users.email, count(orders.id) as total_orders, coalesce(sum(round(orders.amount, 2)), 0)::numeric(18,2) as total_amount,
         max(orders.created_at) as last_order_at, rank() over (order by coalesce(sum(round(orders.amount, 2)), 0) desc) as rank
  from users left join orders on orders.user_id = users.id group by 1, 2, 3;
select (select count(*) from (select * from wanted except select * from mart.users_mart) a) || ' ' || (select count(*) from (select * from mart.users_mart except select * from wanted) b)
  || ' ' || (select count(*) from mart.users_mart) || ' ' || (select sum(total_orders) from mart.users_mart) || ' ' || (select sum(total_amount) from mart.users_mart);
SQL
read -r missing surplus users orders amount <"$folder/report"
[ "$missing $surplus" = "0 0" ] && [ "$users" -gt 0 ] || fail "the mart differs from the source: $missing rows of the source are not there, $surplus are not the source's"
echo "   $users users, $orders orders, $amount in all: equal, row for row"
counts=$(ask_api "$VOLT_API/_counts" | tr -d ' \n')
grep -q '"before_retry_after":0' <<<"$counts" || fail "a request came before its Retry-After was over: $counts"
if grep -rlF -e "$password" -e volt-token .lochan lake; then fail "a secret stands in the files above"; fi
echo
echo "Proved in $((SECONDS - started)) s: users_mart equals SQL over the API's own answers, row for row; nothing was asked before its Retry-After; no secret is in logs, state or lake."
