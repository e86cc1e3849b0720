#!/usr/bin/env bash
# A trading company from its PostgreSQL database into a lake of two places and on to a warehouse, while it lives; then everything
# is compared with SQL computed at the source. It starts the servers it needs (tests/services), works in a temporary folder and
# leaves nothing.
#   demo.sh               PostgreSQL as source and as warehouse, and a mail server
#   demo.sh --s3          and the two places are two S3 buckets with object locks
#   demo.sh --embedded    no servers: a SQLite file as source, no warehouse, no mail
#   LOCHAN_BIN, DEMO_KEEP see ../demo_base.sh
here=$(cd "$(dirname "$0")" && pwd)
mode=${1:-}
source "$here/../demo_base.sh"
source "$here/demo_parts.sh"
case $mode in '' | --s3 | --embedded) ;; *) fail "usage: demo.sh [--s3 | --embedded]" ;; esac

# --- what there is to begin with ------------------------------------------------------------------------------------------

step "A company, and a project"
"$lochan" init totesys "$folder/totesys" >/dev/null
cd "$folder/totesys"
if [ "$mode" = --embedded ]; then
  show simulate totesys --fast --tick-interval 3600 --ticks 5
  remember_versions_sqlite
else
  start_servers
  why "The company's own program writes as the owner of its database. Lochan gets two users: one may read the eleven tables"
  why "and nothing else, one has a schema of its own in the warehouse and nothing else. Both are in .env, which git never sees."
  show simulate totesys --to "totesys=$owner_url" --fast --tick-interval 3600 --ticks 5
  make_users
  remember_versions_postgres
  check_users
fi
if [ "$mode" = --s3 ]; then make_buckets; fi

step "Ingested, processed, published"
why "Eleven tables go into the raw layer as they are; from them three stars are made, checked, and published together."
show run
[ "$mode" != --s3 ] || "$root/examples/buckets.py" versions "$INGESTED_BUCKET" "$PROCESSED_BUCKET" | sort >"$folder/objects.first"

step "Every version of every order"
why "A trigger of the company's database writes down each version of an order. After each tick Lochan runs."
for _ in 1 2 3; do
  simulate --fast --tick-interval 3600 --ticks 1
  "$lochan" --quiet run
done
show query "select sales_record_id, sales_order_id, last_updated_date, last_updated_time, units_sold, unit_price from mart.fact_sales_order
  where sales_order_id in (select sales_order_id from mart.fact_sales_order group by 1 having count(*) > 1) order by sales_order_id, sales_record_id limit 6"
why "What was written down there and what is here are the same:"
compare_versions

# --- by itself --------------------------------------------------------------------------------------------------------------

if [ "$mode" != --embedded ]; then
  step "By itself"
  why "\`lochan serve\` ingests at intervals, transforms when ingestion has published, loads the warehouse at intervals. Nobody else"
  why "does anything: the company trades, and its newest order is waited for in the warehouse."
  begin_to_serve
  begin_to_live
  order=$(owner "select max(sales_order_id) from sales_order")
  wait_for "order $((order + 3)) in the warehouse" is_in_warehouse "$((order + 3))"
  echo "   order $((order + 3)) is in the warehouse, $(age_of_order "$((order + 3))") s after it was made, and was in no file or command of ours"
  grep -hE 'tick (ingest|transform|load)@' .lochan/logs/serve.log | tail -n 6 | cut -c 1-150 | sed 's/^/   /' || true

  step "A broken batch"
  why "A price is typed with a minus. That version alone is set aside; the rest goes on. Then it is mended: another version."
  owner "update sales_order set unit_price = -unit_price, last_updated = now() at time zone 'UTC' where sales_order_id = 7" >/dev/null
  wait_for "the bad version to be set aside" has_rejected
  [ "$(value "select count(*) from mart.fact_sales_order where unit_price < 0")" = 0 ] || fail "a negative price was published"
  show query "select payload, reason from mart.fact_sales_order__rejected" | cut -c 1-180
  owner "update sales_order set unit_price = -unit_price, last_updated = now() at time zone 'UTC' where sales_order_id = 7" >/dev/null
  why "The company begins to trade in Polish złoty as \`PLZ\`, a code that nobody knows: dim_currency would have a row without a name,"
  why "so it is held back, with the facts that are checked against it, and a mail says so. Readers have what was published before."
  owner "insert into currency values (4, 'PLZ', now() at time zone 'UTC', now() at time zone 'UTC')" >/dev/null
  wait_for "a mail that says so" has_mail "dim_currency"
  show_mail "dim_currency"
  [ "$(loader "select count(*) from warehouse.dim_currency")" = 3 ] || fail "the nameless currency came into the warehouse"
  why "It is mended at the source, and all goes on by itself."
  owner "update currency set currency_code = 'PLN', last_updated = now() at time zone 'UTC' where currency_id = 4" >/dev/null
  wait_for "the mail that it is well again" has_mail "well again"
  wait_for "the new currency in the warehouse" has_currency "Polish"
  show_mail "well again"
  why "The warehouse lets nobody in. What is ingested and transformed goes on; a mail says what isn't loaded."
  psql -X -q -c "alter role ${run}_loader nologin" "$server"
  wait_for "a mail that says so" has_mail '`sink:warehouse` failed'
  psql -X -q -c "alter role ${run}_loader login" "$server"
  wait_for "the mail that it is well again" has_mail '`sink:warehouse` is well again'
  show_mail '`sink:warehouse` failed'
  stop_living
  wait_for "the last tick in the warehouse" is_settled
  stop_serving
  show run
else
  simulate --fast --tick-interval 3600 --ticks 20
  show run
fi

# --- is it true? ------------------------------------------------------------------------------------------------------------

step "Is it true?"
why "The stars, and the same computed by SQL at the source, without Lochan."
compare_stars
if [ "$mode" != --embedded ]; then compare_warehouse; fi
if [ "$mode" = --s3 ]; then
  step "Nothing was overwritten or removed"
  show maintain
  compare_objects
fi
look_for_secrets
versions=$(value "select count(*) from mart.fact_sales_order")
orders=$(value "select count(distinct sales_order_id) from mart.fact_sales_order")
told="$versions versions of $orders orders, all dimensions and totals equal SQL computed at the source"
if [ "$mode" != --embedded ]; then told+=", and the warehouse equals the lake; a broken batch was mailed and stopped before any reader saw it"; fi
if [ "$mode" = --s3 ]; then told+="; of $(wc -l <"$folder/objects.last") objects in two buckets none was overwritten or removed"; fi
proved "$told."
