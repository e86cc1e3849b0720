# The parts of demo.sh that are no story: servers, files, waiting, comparing. Sourced by it, after demo_base.sh.
run=volt_$$ server='' address='' serving='' api='' LAKE_BUCKET='' DROP_BUCKET='' ARCHIVE_BUCKET=''
ORDERS=${ORDERS:-20000}
export PGTZ=UTC PGOPTIONS='--client-min-messages=warning' API_EVERY=3s CSV_AT='@every 3s' VIEWS_AT='@every 4s' ALERT_GROUP=1s
unset VOLT_LAKE VOLT_DROP VOLT_API VOLT_TOKEN VOLT_ARCHIVE VOLT_ARCHIVE_CLASS POSTGRES_HOST POSTGRES_DB POSTGRES_USER POSTGRES_PASSWORD SMTP_URL ALERT_TO

clean_more() { # STATUS
  if [ "$1" != 0 ] && [ -e "$folder/serve.out" ]; then tail -n 20 "$folder/serve.out" >&2; fi
  [ -z "$LAKE_BUCKET" ] || "$root/examples/buckets.py" remove "$LAKE_BUCKET" "$DROP_BUCKET" "$ARCHIVE_BUCKET"
  if [ -n "$server" ]; then
    psql -X -q -c "drop database if exists $run with (force)" "$server"
    psql -X -q -c "drop role if exists ${run}_loader" "$server"
  fi
}

# --- what there is to begin with ------------------------------------------------------------------------------------------------

start_servers() {
  command -v psql >/dev/null || fail "needs the command psql (Debian: apt install postgresql-client)"
  command -v python3 >/dev/null || fail "needs python3 (Debian: apt install python3)"
  local s3 mail
  server=$(start_server postgres | sed -n 's/^POSTGRES_URL=//p')
  s3=$(start_server s3)
  mail=$(start_server smtp)
  [ -n "$server" ] && [ -n "$s3" ] && [ -n "$mail" ] || fail "a server did not start"
  address=${server#*@}
  address=${address%/*}
  AWS_ENDPOINT_URL_S3=$(sed -n 's/^S3_ENDPOINT=//p' <<<"$s3")
  AWS_ACCESS_KEY_ID=$(sed -n 's/^S3_ACCESS_KEY_ID=//p' <<<"$s3")
  AWS_SECRET_ACCESS_KEY=$(sed -n 's/^S3_SECRET_ACCESS_KEY=//p' <<<"$s3")
  export AWS_ENDPOINT_URL_S3 AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
  mail_url=smtp://$(sed -n 's/^SMTP_PLAIN=//p' <<<"$mail")
  mail_taken=$(sed -n 's/^SMTP_TAKEN=//p' <<<"$mail") mail_certificate=$(sed -n 's/^SMTP_CERTIFICATE=//p' <<<"$mail")
  LAKE_BUCKET=${run//_/-}-$(date +%s)-lake DROP_BUCKET=${run//_/-}-$(date +%s)-drop ARCHIVE_BUCKET=${run//_/-}-$(date +%s)-archive
  "$root/examples/buckets.py" make "$LAKE_BUCKET" "$DROP_BUCKET" "$ARCHIVE_BUCKET"
  loader_password=$(password)
  psql -X -q -c "create database $run" -c "create role ${run}_loader login password '$loader_password'" -c "grant create on database $run to ${run}_loader" "$server"
}

start_api() {
  token=$(password)
  start "$lochan" simulate api --port 0 --users 150 --orders "$ORDERS" --order-every 300 --auth bearer --secret "$token" \
    --every-429 20 --every-500 50 --tick-interval 0 2>"$folder/api.log"
  api=$child
  for _ in $(seq 100); do
    VOLT_API=$(sed -n 's/.* at \(http:[^ ]*[0-9]\): .*/\1/p' "$folder/api.log")
    [ -n "$VOLT_API" ] && break
    kill -0 "$api" || fail "the API ended"
    sleep 0.1
  done
  head -n 1 "$folder/api.log"
}
ask_api() { curl --noproxy '*' -fs --retry 20 --retry-delay 1 -H "Authorization: Bearer $token" "$@" || fail "the API doesn't answer"; }
tick() { for _ in $(seq "$1"); do ask_api -X POST "$VOLT_API/_tick" >/dev/null; done; }

make_project() {
  "$lochan" init volt "$folder/volt" >/dev/null
  cd "$folder/volt"
  {
    echo "VOLT_API=$VOLT_API"
    echo "VOLT_TOKEN=$token"
    echo "VOLT_LAKE=s3://$LAKE_BUCKET"
    echo "VOLT_DROP=s3://$DROP_BUCKET"
    echo "POSTGRES_HOST=${address%:*}"
    echo "POSTGRES_PORT=${address#*:}"
    echo "POSTGRES_DB=$run"
    echo "POSTGRES_USER=${run}_loader"
    echo "POSTGRES_PASSWORD=$loader_password"
    echo "SMTP_URL=$mail_url"
    echo "ALERT_TO=data+$run@example.com"
  } >.env
  unset POSTGRES_PORT # which may say where the server is to be started
  bash warehouse/on.sh
}

drop_csv() { # DAY
  local file
  python3 drop.py "$1" "$folder/csv"
  for file in users orders; do
    "$root/examples/buckets.py" put "$folder/csv/$file-$1.csv" "$DROP_BUCKET/$file-$1.csv"
    echo "$folder/csv/$file-$1.csv" >>"$folder/files"
  done
  echo "   s3://…-drop/users-$1.csv, orders-$1.csv: $(($(cat "$folder/csv/"*"-$1.csv" | wc -l) - 2)) lines"
}

# --- what is in the lake, and in PostgreSQL -----------------------------------------------------------------------------------

rejected() {
  echo
  why "What was wrong in the files: without a key it isn't taken, the rest is set aside."
  "$lochan" query "select 'orders' as of, reason, count(*) as rows from staging.orders__rejected group by all
                   union all select 'users', reason, count(*) from staging.users__rejected group by all order by 1, 2"
}

# Raw has each line of the files as it stands there.
compare_raw() {
  local name
  for name in users orders; do
    tail -q -n +2 "$folder/csv/$name"-*.csv | sort >"$folder/theirs"
    "$lochan" query --output csv "select * exclude (_file, _loaded_at, _run, _source, _deleted, dt) from raw.${name}_csv" | tail -n +2 | tr -d '"' | sort >"$folder/ours"
    [ -s "$folder/theirs" ] || fail "no lines of $name"
    cmp -s "$folder/theirs" "$folder/ours" || { diff "$folder/theirs" "$folder/ours" | head >&2; fail "raw.${name}_csv is not what the files say"; }
  done
  echo "   raw.users_csv and raw.orders_csv have every line of the files, letter by letter"
}

loader() { PGPASSWORD=$loader_password psql -X -q -A -t -c "$1" "postgresql://${run}_loader@$address/$run"; }
show_marts() {
  local admin="${server%/*}/$run"
  psql -X -q -P footer=off -c "select c.relname as table, case c.relkind when 'p' then 'partitioned table' when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as is,
      (select count(*) from pg_inherits i where i.inhparent = c.oid) as partitions, (select count(*) from pg_index i where i.indrelid = c.oid) as indexes
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('mart', 'bi') and c.relkind in ('p', 'v', 'm', 'r') and not c.relispartition
      and c.relname not like 'lochan%' order by 1" "$admin"
  why "Of the view a day's rows are read from the partition of its month:"
  psql -X -q -A -t -c "explain (costs off) select sum(amount) from bi.orders_by_day where day = '2026-02-14'" "$admin" >"$folder/explained"
  grep -n 'fact_orders_' "$folder/explained" | sed 's/^[0-9]*: */   /'
  [ "$(grep -c ' on fact_orders_' "$folder/explained")" = 1 ] || { cat "$folder/explained" >&2; fail "the view reads other partitions too"; }
  psql -X -q -P footer=off -c "select user_id, name, month, orders, amount, rank_in_month, running_amount from bi.user_months where rank_in_month <= 2 order by month, rank_in_month" "$admin"
}

# Of each table one row, its beginning; it must lead to a table of raw.
trace() { # KEY RAW_TABLE
  show trace mart.users_mart --key "$1" --limit 1 >"$folder/trace"
  cut -c 1-150 "$folder/trace"
  grep -qE "^ *$2 behind staging.orders: [1-9]" "$folder/trace" || fail "the row $1 does not lead back to $2"
}

# --- by itself ------------------------------------------------------------------------------------------------------------------

begin_to_serve() {
  start "$lochan" serve --port 0 --stop-runs >"$folder/serve.out" 2>&1
  serving=$child
}
stop_serving() {
  stop "$serving"
  "$lochan" schedule
}
has_orders() { # COUNT CHANNEL
  [ "$(loader "select count(*) from mart.fact_orders where channel = '$2'" 2>/dev/null || echo 0)" = "$1" ]
}
has_day() { [ "$(loader "select count(*) from mart.fact_orders where channel = 'csv' and dt = '$1'" 2>/dev/null || echo 0)" -gt 0 ]; }
has_month_rows() {
  [ "$(loader "select sum(orders) from bi.user_months")" = "$(loader "select count(*) from mart.fact_orders join mart.users_mart using (user_id)")" ]
}
lock_out() { psql -X -q -c "alter role ${run}_loader nologin" "$server"; }
let_in() { psql -X -q -c "alter role ${run}_loader login" "$server"; }

mails() { curl --noproxy '*' -fsS --cacert "$mail_certificate" "$mail_taken/messages"; }
mails_with() { # TEXT COUNT|SHOW
  mails | python3 -c '
import json, sys
found = [m for m in json.load(sys.stdin) if sys.argv[1] in m["to"][0] and sys.argv[2] in m["subject"] + m["text"]]
if sys.argv[3] == "count": print(len(found))
else: print("   mail: " + found[-1]["subject"]); print("".join("     " + l[:150] + "\n" for l in found[-1]["text"].splitlines()[:8]), end="")
' "$run" "$1" "$2"
}
has_mail() { [ "$(mails_with "$1" count)" -gt 0 ]; }
show_mail() { mails_with "$1" show; }

# --- partitions, lifecycle, tour ------------------------------------------------------------------------------------------------

show_partitions() {
  mkdir -p models/demo
  printf '/* ---\ndescription: The fact once more, without partitions.\n--- */\nselect * from mart.fact_orders\n' >models/demo/orders_flat.sql
  "$lochan" -q run --select demo.orders_flat
  LOCHAN_BIN=$lochan python3 "$root/bench/partitions.py" --project . --tables mart.fact_orders demo.orders_flat || fail "the partitions made no difference"
  rm -r models/demo
}

# Lochan in the other project, by a clock that is so many days behind.
then_lochan() { # DAYS ARGUMENT…
  local days=$1
  shift
  FAULT_TIME_OFFSET=$((-days * 86400)) LD_PRELOAD=$folder/clock.so "$lochan" "$@" >"$folder/aged.log" 2>&1 || { cat "$folder/aged.log" >&2; fail "$days days ago: $*"; }
}
fact_of() { value "select count(*) || ' orders of ' || sum(amount) from mart.fact_orders" | tr -d '"'; }
days_there() {
  show query "select dt, sum(raw) as in_raw, sum(staging) as in_staging from (select dt, 1 as raw, 0 as staging from raw.orders
    union all select dt, 1, 0 from raw.orders_csv union all select dt, 0, 1 from staging.orders) group by dt order by dt"
}
live_forty_days() {
  cc -shared -fPIC -O1 -o "$folder/clock.so" "$root/tests/campaign/fault.c" -ldl || fail "needs a C compiler, for the clock"
  "$lochan" init volt "$folder/aged" >/dev/null
  (
    cd "$folder/aged"
    printf 'VOLT_API=%s\nVOLT_TOKEN=%s\nVOLT_ARCHIVE=s3://%s\n' "$VOLT_API" "$token" "$ARCHIVE_BUCKET" >.env
    rm drop/*
    for days in 40 20 0; do
      python3 drop.py "2026-03-0$((4 - days / 20))" drop
      tick 5
      then_lochan "$days" run
      echo "   $days days ago: $(fact_of)"
    done
    before=$(fact_of)
    days_there
    show maintain
    days_there
    show archive list
    [ "$(value "select count(*) from staging.orders where dt < current_date - 8")" = 0 ] || fail "staging still has days older than a week"
    [ "$("$root/examples/buckets.py" list "$ARCHIVE_BUCKET" | grep -c 'raw/orders.*\.parquet$')" = 2 ] || fail "a day of orders and a day of files should be archived"
    tick 1
    then_lochan 0 run
    [ "$(value "select count(*) from mart.fact_orders")" = $((${before%% *} + 5)) ] || fail "after the lifecycle $(fact_of), before $before, and five orders came"
    echo "   the mart before: $before; after, with five new orders: $(fact_of)"
    why "And back: the archive gives its days again, and the mart that is made anew of all that is in raw is the one that was there."
    was=$(fact_of)
    show archive restore raw.orders
    show archive restore raw.orders_csv
    then_lochan 0 run --full-refresh --select staging.orders+
    [ "$(fact_of)" = "$was" ] || fail "made anew the mart has $(fact_of), and had $was"
    echo "   made anew: $(fact_of)"
  )
}

show_tour() {
  sed -n 's/^.*command:tour: //p' "$(ls -t .lochan/logs/run-*.log | head -n 1)" | sed 's/^/   /'
}

# --- is it true? ----------------------------------------------------------------------------------------------------------------

compare_marts() {
  local name rows missing surplus what
  ask_api "$VOLT_API/list/users" >"$folder/users.json"
  ask_api "$VOLT_API/list/orders" >"$folder/orders.json"
  {
    echo "create table answer(name text, body jsonb); create table line(text text);
      create table csv_users(user_id text, name text, email text, city text, active text, updated_at text);
      create table csv_orders(order_id text, user_id text, product text, quantity text, price text, amount text, status text, created_at text, updated_at text);"
    for what in users orders; do # an answer has one line of JSON
      echo "\\copy line from '$folder/$what.json' with (format csv, delimiter e'\\x01', quote e'\\x02')"
      echo "insert into answer select '$what', string_agg(text, '')::jsonb from line; truncate line;"
    done
    while read -r file; do
      what=$(basename "$file")
      echo "\\copy csv_${what%%-*} from '$file' with (format csv, header, null '-')"
    done <"$folder/files"
    cat "$here/truth.sql"
  } >"$folder/compare.sql"
  psql -X -q -A -t -F ' ' -v ON_ERROR_STOP=1 -f "$folder/compare.sql" "${server%/*}/$run" >"$folder/report"
  [ "$(wc -l <"$folder/report")" = 4 ] || fail "four marts should be compared"
  while read -r name rows missing surplus; do
    [ "$missing $surplus" = "0 0" ] && [ "$rows" -gt 0 ] || fail "$name differs from the source: $missing rows of the source are not there, $surplus are not the source's"
    printf '   %-20s %6d rows, equal\n' "$name" "$rows"
  done <"$folder/report"
  users=$(loader "select count(*) from mart.users_mart") orders=$(loader "select count(*) from mart.fact_orders")
}

count_calls() {
  local counts
  counts=$(ask_api "$VOLT_API/_counts" | tr -d ' \n')
  grep -q '"before_retry_after":0' <<<"$counts" || fail "a request came before its Retry-After was over: $counts"
  grep -h 'held back' .lochan/logs/run-1.log | tail -n 1 | cut -c 1-160 | sed 's/^/   /' || true
}

look_for_secrets() {
  if grep -rlF -e "$loader_password" -e "$token" -e "$AWS_SECRET_ACCESS_KEY" .lochan; then fail "a secret stands in the files above"; fi
  grep -qF "$loader_password" .env || fail "the password to look for is not the one in use"
  "$root/examples/buckets.py" grep "$loader_password" "$token" "$AWS_SECRET_ACCESS_KEY" -- "$LAKE_BUCKET" "$ARCHIVE_BUCKET" || fail "a secret stands in the objects above"
}
