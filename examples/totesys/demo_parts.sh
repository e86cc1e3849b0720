# The parts of demo.sh that are no story: servers, users, waiting, comparing. Sourced by it, after demo_base.sh.
server='' run=totesys_$$
export PGTZ=UTC PGOPTIONS='--client-min-messages=warning' INGEST_EVERY=2s LOAD_EVERY=3s
unset TOTESYS_URL WAREHOUSE_URL INGESTED PROCESSED SMTP_URL ALERT_TO # the demo has its own, in .env

clean_more() { # STATUS
  local name
  if [ "$1" != 0 ] && [ -e "$folder/serve.out" ]; then tail -n 20 "$folder/serve.out" >&2; fi
  if [ "$1" != 0 ] && [ -e "$folder/company.log" ]; then tail -n 20 "$folder/company.log" >&2; fi
  [ -n "$server" ] || return 0
  for name in "${run}" "${run}_dwh"; do psql -X -q -c "drop database if exists $name with (force)" "$server"; done
  for name in app reader loader; do psql -X -q -c "drop role if exists ${run}_$name" "$server"; done
}

# --- servers and users ----------------------------------------------------------------------------------------------------

start_servers() {
  server=$(start_server postgres | sed -n 's/^POSTGRES_URL=//p')
  start_mail_server "data+$run@example.com"
  [ -n "$server" ] && [ -n "$mail_taken" ] || fail "a server did not start"
  command -v psql >/dev/null || fail "needs the command psql (Debian: apt install postgresql-client)"
  local address=${server#*@}
  address=${address%/*}
  app_password=$(password) reader_password=$(password) loader_password=$(password)
  psql -X -q "$server" -c "create role ${run}_app login password '$app_password'" -c "create role ${run}_reader login password '$reader_password'" \
    -c "create role ${run}_loader login password '$loader_password'" -c "create database $run owner ${run}_app" -c "create database ${run}_dwh"
  owner_url=postgresql://${run}_app:$app_password@$address/$run
  reader_url=postgresql://${run}_reader:$reader_password@$address/$run
  loader_url=postgresql://${run}_loader:$loader_password@$address/${run}_dwh
  {
    echo "TOTESYS_URL=$reader_url"
    echo "WAREHOUSE_URL=$loader_url"
    echo "SMTP_URL=$mail_url"
    echo "ALERT_TO=$mail_to"
  } >.env
  # The warehouse is switched on: its connection, what to carry there, and when.
  sed -i 's/# warehouse:/warehouse:/; s/# - { name: load/- { name: load/' lochan.yaml
  mkdir sinks
  cp warehouse/warehouse.yaml sinks/
}

owner() { psql -X -q -A -t -c "$1" "$owner_url"; }
loader() { psql -X -q -A -t -c "$1" "$loader_url"; }

make_users() {
  owner "revoke create on schema public from public; grant select on all tables in schema public to ${run}_reader"
  psql -X -q -c "revoke create on schema public from public" -c "create schema warehouse authorization ${run}_loader" "${server%/*}/${run}_dwh"
}
refused() { # WHAT URL SQL
  if psql -X -q -c "$3" "$2" >"$folder/refused" 2>&1; then fail "$1 was allowed"; fi
  grep -q 'permission denied' "$folder/refused" || { cat "$folder/refused" >&2; fail "$1: not refused for want of rights"; }
}
check_users() {
  refused "the source's user: an update" "$reader_url" "update sales_order set units_sold = 0"
  refused "the source's user: a table" "$reader_url" "create table mine(i int)"
  refused "the warehouse's user: a table outside its schema" "$loader_url" "create table public.mine(i int)"
  refused "the warehouse's user: a schema" "$loader_url" "create schema mine"
}

make_buckets() {
  local s3 name
  s3=$(start_server s3)
  name=${run//_/-}-$(date +%s)
  INGESTED_BUCKET=$name-ingested PROCESSED_BUCKET=$name-processed
  AWS_ENDPOINT_URL_S3=$(sed -n 's/^S3_ENDPOINT=//p' <<<"$s3")
  AWS_ACCESS_KEY_ID=$(sed -n 's/^S3_ACCESS_KEY_ID=//p' <<<"$s3")
  AWS_SECRET_ACCESS_KEY=$(sed -n 's/^S3_SECRET_ACCESS_KEY=//p' <<<"$s3")
  export AWS_ENDPOINT_URL_S3 AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
  "$root/examples/buckets.py" make-locked "$INGESTED_BUCKET" "$PROCESSED_BUCKET"
  {
    echo "INGESTED=s3://$INGESTED_BUCKET/totesys"
    echo "PROCESSED=s3://$PROCESSED_BUCKET/totesys"
  } >>.env
  sed -i 's/, immutable: true }/, immutable: true, object_lock: 1d }/' lochan.yaml
}

# --- the company ------------------------------------------------------------------------------------------------------------

simulate() {
  local where=()
  [ "$mode" = --embedded ] || where=(--to "totesys=$owner_url")
  "$lochan" --quiet simulate totesys "${where[@]}" "$@"
}
begin_to_live() {
  start "$lochan" simulate totesys --to "totesys=$owner_url" --tick-interval 0.5 >"$folder/company.log" 2>&1
  living=$child
}
stop_living() {
  stop "$living"
  tail -n 2 "$folder/company.log" | sed 's/^/   /'
}
begin_to_serve() {
  start "$lochan" serve --port 0 --stop-runs >"$folder/serve.out" 2>&1
  serving=$child
}
stop_serving() { stop "$serving"; }

# What the company's own database writes down of its orders, to be compared with.
remember_versions_postgres() {
  owner "create table order_version(like sales_order, primary key (sales_order_id, last_updated));
    insert into order_version select * from sales_order;
    create function remember() returns trigger language plpgsql as \$\$ begin
      delete from order_version where sales_order_id = new.sales_order_id and last_updated = new.last_updated;
      insert into order_version values (new.*);
      return new;
    end \$\$;
    create trigger remember after insert or update on sales_order for each row execute function remember()"
}
remember_versions_sqlite() {
  local again='delete from order_version where sales_order_id = new.sales_order_id and last_updated = new.last_updated;
    insert into order_version select * from sales_order where sales_order_id = new.sales_order_id;'
  sqlite3 data/totesys.db "create table order_version as select * from sales_order;
    create trigger remember_new after insert on sales_order begin $again end;
    create trigger remember_change after update on sales_order begin $again end;"
}

# --- waiting ------------------------------------------------------------------------------------------------------------------

is_in_warehouse() { [ "$(loader "select count(*) from warehouse.fact_sales_order where sales_order_id = $1" 2>/dev/null || echo 0)" -gt 0 ]; }
age_of_order() { owner "select extract(epoch from now() at time zone 'UTC' - created_at)::integer from sales_order where sales_order_id = $1"; }
has_currency() { [ "$(loader "select count(*) from warehouse.dim_currency where currency_name like '$1%'")" = 1 ]; }
has_rejected() {
  local count
  count=$(value "select count(*) from mart.fact_sales_order__rejected" 2>/dev/null) && [ "${count:-0}" -gt 0 ]
}
is_settled() {
  [ "$(owner "select max(last_updated) from (select last_updated from sales_order union all select last_updated from payment) x")" = \
    "$(loader "select max(last_updated_date + last_updated_time) from (select last_updated_date, last_updated_time from warehouse.fact_sales_order
               union all select last_updated_date, last_updated_time from warehouse.fact_payment) x")" ]
}

# --- comparing ----------------------------------------------------------------------------------------------------------------

# One SQL for three dialects: TS() is a timestamp as text, MONEY() an amount, BOOL() a yes or no; a row is one text.
spoken() { # DIALECT SQL
  case $1 in
    postgres) sed -E "s/TS\(([^()]*)\)/to_char(\1, 'YYYY-MM-DD HH24:MI:SS.US')/g; s/MONEY\(([^()]*)\)/\1/g; s/BOOL\(([^()]*)\)/(\1)::text/g" <<<"$2" ;;
    sqlite) sed -E "s/TS\(([^()]*)\)/\1/g; s/MONEY\(([^()]*)\)/printf('%.2f', \1)/g; s/BOOL\(([^()]*)\)/case when \1 then 'true' else 'false' end/g" <<<"$2" ;;
    lake) sed -E "s/TS\(([^()]*)\)/strftime(\1, '%Y-%m-%d %H:%M:%S.%f')/g; s/MONEY\(([^()]*)\)/\1/g; s/BOOL\(([^()]*)\)/(\1)::varchar/g" <<<"$2" ;;
  esac
}
at_source() {
  if [ "$mode" = --embedded ]; then
    sqlite3 -readonly data/totesys.db "$(spoken sqlite "$1")"
  else
    owner "$(spoken postgres "$1")"
  fi
}
in_lake() { "$lochan" query --output csv "$(spoken lake "$1")" | tail -n +2 | sed 's/^"\(.*\)"$/\1/; s/""/"/g'; }
same() { # WHAT FILE FILE
  [ -s "$2" ] || fail "$1: nothing to compare"
  LC_ALL=C sort -o "$2" "$2"
  LC_ALL=C sort -o "$3" "$3"
  if ! cmp -s "$2" "$3"; then
    diff "$2" "$3" | head -n 10 >&2 || true
    fail "$1: rows differ"
  fi
  printf '   %-42s %7d rows, equal\n' "$1" "$(wc -l <"$2")"
}
compare() { # WHAT SQL_AT_SOURCE SQL_IN_LAKE
  at_source "$2" >"$folder/theirs"
  in_lake "$3" >"$folder/ours"
  same "$1" "$folder/theirs" "$folder/ours"
}

order_here="sales_order_id || '|' || TS(created_date + created_time) || '|' || TS(last_updated_date + last_updated_time) || '|' || sales_staff_id
  || '|' || counterparty_id || '|' || units_sold || '|' || MONEY(unit_price) || '|' || currency_id || '|' || design_id || '|' || agreed_payment_date
  || '|' || agreed_delivery_date || '|' || agreed_delivery_location_id as line from mart.fact_sales_order"
order_there="select sales_order_id || '|' || TS(created_at) || '|' || TS(last_updated) || '|' || staff_id || '|' || counterparty_id || '|' || units_sold
  || '|' || MONEY(unit_price) || '|' || currency_id || '|' || design_id || '|' || agreed_payment_date || '|' || agreed_delivery_date || '|'
  || agreed_delivery_location_id from"
compare_versions() { compare "every version of every order" "$order_there order_version" "select $order_here"; }

# Fact, dimensions and totals of each star, in their newest versions.
compare_stars() {
  local newest='qualify row_number() over (partition by'
  compare "fact_sales_order, newest versions" "$order_there sales_order" "select $order_here $newest sales_order_id order by sales_record_id desc) = 1"
  compare "fact_purchase_order" "select purchase_order_id || '|' || TS(created_at) || '|' || staff_id || '|' || counterparty_id || '|' || item_code || '|' ||
      item_quantity || '|' || MONEY(item_unit_price) || '|' || currency_id || '|' || agreed_delivery_date || '|' || agreed_payment_date || '|' || agreed_delivery_location_id from purchase_order" \
    "select purchase_order_id || '|' || TS(created_date + created_time) || '|' || staff_id || '|' || counterparty_id || '|' || item_code || '|' ||
      item_quantity || '|' || MONEY(item_unit_price) || '|' || currency_id || '|' || agreed_delivery_date || '|' || agreed_payment_date || '|' || agreed_delivery_location_id as line from mart.fact_purchase_order"
  compare "fact_payment, newest versions" "select payment_id || '|' || TS(last_updated) || '|' || transaction_id || '|' || counterparty_id || '|' || MONEY(payment_amount)
      || '|' || currency_id || '|' || payment_type_id || '|' || BOOL(paid) || '|' || payment_date from payment" \
    "select payment_id || '|' || TS(last_updated_date + last_updated_time) || '|' || transaction_id || '|' || counterparty_id || '|' || MONEY(payment_amount)
      || '|' || currency_id || '|' || payment_type_id || '|' || BOOL(paid) || '|' || payment_date as line from mart.fact_payment $newest payment_id order by payment_record_id desc) = 1"
  local staff="staff_id || '|' || first_name || '|' || last_name || '|' || department_name || '|' || location || '|' || email_address"
  compare "dim_staff" "select $staff from staff join department using (department_id)" "select $staff as line from mart.dim_staff"
  local place="|| '|' || address_line_1 || '|' || coalesce(address_line_2, '') || '|' || coalesce(district, '') || '|' || city || '|' || postal_code || '|' || country || '|' || phone"
  compare "dim_location" "select address_id $place from address" "select location_id $place as line from mart.dim_location"
  compare "dim_counterparty" "select counterparty_id || '|' || counterparty_legal_name $place from counterparty join address on address_id = legal_address_id" \
    "select counterparty_id || '|' || counterparty_legal_name $place as line from (select counterparty_id, counterparty_legal_name,
      counterparty_legal_address_line_1 as address_line_1, counterparty_legal_address_line_2 as address_line_2, counterparty_legal_district as district, counterparty_legal_city as city,
      counterparty_legal_postal_code as postal_code, counterparty_legal_country as country, counterparty_legal_phone_number as phone from mart.dim_counterparty)"
  local design="design_id || '|' || design_name || '|' || file_location || '|' || file_name"
  compare "dim_design" "select $design from design" "select $design as line from mart.dim_design"
  compare "dim_currency" "select currency_id || '|' || currency_code from currency" "select currency_id || '|' || currency_code as line from mart.dim_currency"
  local deal="transaction_id || '|' || transaction_type || '|' || coalesce(sales_order_id, 0) || '|' || coalesce(purchase_order_id, 0)"
  compare "dim_transaction" "select $deal from \"transaction\"" "select $deal as line from mart.dim_transaction"
  compare "sales by country, department and quarter" "select country || '|' || department_name || '|' || quarter || '|' || MONEY(total) from (
      select a.country as country, d.department_name as department_name, $(quarter_at_source) as quarter, sum(o.units_sold * o.unit_price) as total from sales_order o
      join counterparty c using (counterparty_id) join address a on a.address_id = c.legal_address_id join staff s on s.staff_id = o.staff_id
      join department d on d.department_id = s.department_id group by 1, 2, 3) as totals" \
    "select country || '|' || department_name || '|' || quarter || '|' || MONEY(total) as line from (
      select c.counterparty_legal_country as country, s.department_name, d.year || '-' || d.quarter as quarter, sum(f.units_sold * f.unit_price)::decimal(18,2) as total
      from (from mart.fact_sales_order $newest sales_order_id order by sales_record_id desc) = 1) f
      join mart.dim_counterparty c using (counterparty_id) join mart.dim_staff s on s.staff_id = f.sales_staff_id
      join mart.dim_date d on d.date_id = f.agreed_delivery_date group by all)"
}
quarter_at_source() {
  if [ "$mode" = --embedded ]; then
    echo "strftime('%Y', o.agreed_delivery_date) || '-' || ((strftime('%m', o.agreed_delivery_date) + 2) / 3)"
  else
    echo "to_char(o.agreed_delivery_date, 'YYYY-Q')"
  fi
}

compare_warehouse() {
  local table columns
  sed -n 's/^  mart\.\([a-z_]*\):.*/\1/p' sinks/warehouse.yaml | while read -r table; do
    columns=$(loader "select string_agg(format('coalesce(%I::text, ''null'')', column_name), ' || ''|'' || ' order by ordinal_position)
      from information_schema.columns where table_schema = 'warehouse' and table_name = '$table'")
    loader "select $columns from warehouse.$table" >"$folder/theirs"
    in_lake "select $columns as line from mart.$table" >"$folder/ours"
    same "warehouse.$table" "$folder/theirs" "$folder/ours"
  done
}

# Each version that was there after the first run is there as it was; of each object there is one version, and no mark of removal.
compare_objects() {
  "$root/examples/buckets.py" versions "$INGESTED_BUCKET" "$PROCESSED_BUCKET" | sort >"$folder/objects.last"
  [ -s "$folder/objects.first" ] || fail "there were no objects"
  [ -z "$(comm -23 "$folder/objects.first" "$folder/objects.last")" ] || fail "an object version of the first run is gone or changed"
  [ -z "$(cut -f 1,2 "$folder/objects.last" | uniq -d)" ] || fail "an object has two versions: $(cut -f 1,2 "$folder/objects.last" | uniq -d | head -n 1)"
  ! grep -q 'DeleteMarker$' "$folder/objects.last" || fail "an object was removed: $(grep 'DeleteMarker$' "$folder/objects.last" | head -n 1)"
  echo "   $(wc -l <"$folder/objects.first") object versions after the first run, $(wc -l <"$folder/objects.last") now; the first are all there, each object once"
}

# No password in logs, state or lake.
look_for_secrets() {
  [ "$mode" != --embedded ] || return 0
  local secret
  for secret in "$app_password" "$reader_password" "$loader_password"; do
    if grep -rlF "$secret" .lochan lake ingested processed "$folder"/*.out "$folder"/*.log 2>/dev/null; then fail "a password stands in the files above"; fi
    grep -qF "$secret" .env || [ "$secret" = "$app_password" ] || fail "the passwords to look for are not those in use"
  done
  if [ "$mode" = --s3 ]; then
    "$root/examples/buckets.py" grep "$app_password" "$reader_password" "$loader_password" "$AWS_SECRET_ACCESS_KEY" -- "$INGESTED_BUCKET" "$PROCESSED_BUCKET" || fail "a secret stands in the objects above"
  fi
  echo "   no password in logs, state or lake"
}
