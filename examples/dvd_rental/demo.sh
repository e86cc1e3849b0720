#!/usr/bin/env bash
# The DVD rental from end to end: the sample is made in one database, migrated to another, and ten days of business are mixed in
# there, with every promise counted by SQL. An API is asked where the cities lie that have no coordinates. Then each customer becomes a
# document in MongoDB, with a category, and a view that wasn't refreshed stops that. It works in a temporary folder and drops its databases.
#   demo.sh [URL]               a server on which databases may be made; by default the tests' own is started
#   MONGODB_URL                 a MongoDB with the database to write into, in place of the tests' own
#   LOCHAN_BIN, DEMO_KEEP       see ../demo_base.sh
source "$(dirname "$0")/../demo_base.sh"
server=${1:-}
run=lochan_dvd_$$
databases=()
own_mongodb=
export PGTZ=UTC PGOPTIONS='--client-min-messages=warning'

clean_more() {
  local database
  for database in "${databases[@]}"; do psql -X -q -c "drop database if exists $database with (force)" "$server"; done
  [ -z "$own_mongodb" ] || "$python" -c 'import pymongo, sys; pymongo.MongoClient(sys.argv[1]).drop_database(sys.argv[2])' "$MONGODB_URL" "$run"
}

[ -n "$server" ] || server=$(start_server postgres | sed -n 's/^POSTGRES_URL=//p')
command -v psql >/dev/null || fail "needs the command psql (Debian: apt install postgresql-client)"

make_database() { # prints its URL
  psql -X -q -c "create database $1" "$server"
  echo "${server%/*}/$1"
}
databases=("${run}_old" "${run}_new")
OLD_URL=$(make_database "${databases[0]}")
NEW_URL=$(make_database "${databases[1]}")
export OLD_URL NEW_URL
ask() { psql -X -At -v ON_ERROR_STOP=1 -c 'set search_path to dvd_rental' -c "$2" "$1" | tail -n 1; }
try() { show "$@" 2>&1; }

cd "$folder"
"$lochan" init dvd_rental project >/dev/null
cd project

# --- the sample, and its way to another server --------------------------------------------------------------------------

try simulate dvd_rental --connection old
try migrate tables.json --from old --to new
for table in actor address category city country customer film film_actor film_category inventory language payment rental staff store; do
  rows="select count(*) || ' ' || md5(string_agg(t::text, e'\n' order by t::text)) from $table t"
  [ "$(ask "$OLD_URL" "$rows")" = "$(ask "$NEW_URL" "$rows")" ] || fail "$table differs"
done
made="select (select count(*) from pg_constraint where connamespace = 'dvd_rental'::regnamespace and conrelid is distinct from to_regclass('lochan_migration')::oid) || ' '
  || (select count(*) from pg_trigger where not tgisinternal) || ' ' || (select count(*) from pg_views where schemaname = 'v_dvd_rental')"
[ "$(ask "$OLD_URL" "$made")" = "$(ask "$NEW_URL" "$made")" ] || fail "constraints, triggers or views differ"
try migrate tables.json --from old --to new

# --- ten days -------------------------------------------------------------------------------------------------------------

promise() { # what must not be, as a count
  local found
  found=$(ask "$NEW_URL" "$2")
  [ "$found" = 0 ] || fail "$1: $found"
}
printf '\n'
for day in 03 04 05 06 07 08 09 10 11 12; do
  "$lochan" simulate dvd_rental --connection new --mix-day "2026-04-$day" 2>&1
  promise 'a copy is rented twice at once' "select count(*) from rental a join rental b on b.inventory_id = a.inventory_id and b.rental_id > a.rental_id
    and b.rental_date < coalesce(a.return_date, 'infinity') and a.rental_date < coalesce(b.return_date, 'infinity')"
  promise 'returned before it was rented' "select count(*) from rental where return_date <= rental_date"
  promise 'a payment is not its rental'"'"'s' "select count(*) from payment p join rental r using (rental_id) join inventory i using (inventory_id) join film f using (film_id)
    where p.customer_id <> r.customer_id or p.staff_id <> r.staff_id or p.payment_date <> r.return_date
    or p.amount <> f.rental_rate + least(f.replacement_cost, greatest(0, r.return_date::date - r.rental_date::date - f.rental_duration))"
done
before=$(ask "$NEW_URL" "select count(*) || ' ' || sum(amount) from payment")
"$lochan" -q simulate dvd_rental --connection new --mix-day 2026-04-12
[ "$before" = "$(ask "$NEW_URL" "select count(*) || ' ' || sum(amount) from payment")" ] || fail 'a day was mixed in twice'

# --- where the cities lie ---------------------------------------------------------------------------------------------------

start python3 geocoder.py --port 0 --every-429 7 --every-500 11 --unknown 6 >"$folder/url"
for _ in $(seq 600); do [ -s "$folder/url" ] && break; sleep 0.05; done
GEOCODER_URL=$(cat "$folder/url")
export GEOCODER_URL
without() { ask "$NEW_URL" "select count(*) from city where longitude is null or latitude is null"; }
calls() { curl --noproxy '*' -fsS "$GEOCODER_URL/_counts"; }
cities=$(without)
try run --select tag:coordinates
left=$(without)
printf '%s cities had no coordinates, and %s still have none: the API does not know them\n' "$cities" "$left"
[ "$left" -gt 0 ] && [ "$left" -lt "$cities" ] || fail "$left of $cities cities without coordinates are left"
asked=$(calls)
try run --select tag:coordinates
[ "$asked" = "$(calls)" ] && [ "$left" = "$(without)" ] || fail 'a day was fetched twice'

# --- the golden record, and categories -------------------------------------------------------------------------------------

python=${LOCHAN_PYTHON:-}
if [ ! -x "$python" ]; then
  "$root/cmake/venv.sh" >/dev/null
  python=$("$root/cmake/venv.sh" --path)
fi
if [ -z "${MONGODB_URL:-}" ]; then
  own_mongodb=yes
  MONGODB_URL=$(start_server mongodb | sed -n 's/^MONGODB_URL=//p')/$run
fi
export MONGODB_URL
compare() { "$python" "$root/examples/dvd_rental/compare.py" "$NEW_URL" "$MONGODB_URL"; }

try run --select tag:golden
compare || fail 'the golden record differs'

"$lochan" -q simulate dvd_rental --connection new --mix-day 2026-04-13
try run --select tag:golden | tee "$folder/run.log"
compare || fail 'the golden record differs after a day'
try query "select category, count(*) as customers, count(previous_category) as changed from golden.category group by 1 order by 2 desc"

export REFRESH_RETRY_DELAY=1s # 120s in earnest
printf '\nA view whose refresh did not move its time:\n'
sed -i 's/clock_timestamp()::timestamp/timestamp '"'2026-01-01'"'/' models/v_dvd_rental/customers_mv.sql
"$lochan" -q run --select tag:golden >/dev/null 2>&1 || true # made anew with that
"$lochan" -q simulate dvd_rental --connection new --mix-day 2026-04-14
tell run --select tag:golden
"$lochan" run --select tag:golden >"$folder/stopped.log" 2>&1 && fail 'a view that did not move stopped nothing'
grep -m 1 -o 'NotAllViewsRefreshed.*' "$folder/stopped.log" || { cat "$folder/stopped.log" >&2; fail 'it was not told'; }
grep -q '^ *built *sink:golden_record' "$folder/stopped.log" && fail 'the golden record was written all the same'

# Mended.
"$lochan" init dvd_rental "$folder/again" >/dev/null
cp "$folder/again/models/v_dvd_rental/customers_mv.sql" models/v_dvd_rental/
"$lochan" -q run --select tag:golden >"$folder/run.log" 2>&1 || { cat "$folder/run.log" >&2; fail 'it did not go on'; }
documents=$(compare) || fail 'the golden record differs at the end'

rentals=$(ask "$NEW_URL" "select count(*) from rental where rental_date >= '2026-04-03'")
payments=$(ask "$NEW_URL" "select count(*) from payment where payment_date >= '2026-04-03'")
proved "15 tables equal row for row after the migration; ten days mixed in, $rentals rentals and $payments payments, no promise broken,
no day twice; $((cities - left)) cities placed by an API, each asked for once a day; $documents, and a view that
was not refreshed stopped them."
