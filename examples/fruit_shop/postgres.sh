#!/usr/bin/env bash
# The fruit shop on PostgreSQL: two shops and a warehouse, each a database of its own. The shops sell, change and delete while
# Lochan loads, keeps history, checks, publishes and carries to the warehouse. At the end every row is compared: the shops with
# the lake by psql, the lake with the warehouse. It works in a temporary folder and drops its databases.
#   postgres.sh [URL]           a server on which databases may be made; by default the tests' own is started
#   ROUNDS=5                    how often `lochan run` while the shops live
#   LOCHAN_BIN, DEMO_KEEP       see ../demo_base.sh
source "$(dirname "$0")/../demo_base.sh"
server=${1:-}
databases=()
export PGTZ=UTC PGOPTIONS='--client-min-messages=warning'

clean_more() {
  local database
  for database in "${databases[@]}"; do psql -X -q -c "drop database if exists $database with (force)" "$server"; done
}

[ -n "$server" ] || server=$(start_server postgres | sed -n 's/^POSTGRES_URL=//p')
command -v psql >/dev/null || fail "needs the command psql (Debian: apt install postgresql-client)"

# --- three databases, one project ---------------------------------------------------------------------------------------

make_database() { # prints its URL
  psql -X -q -c "create database $1" "$server"
  echo "${server%/*}/$1"
}
run=lochan_example_$$
databases=("${run}_branch_1" "${run}_branch_2" "${run}_dwh")
BRANCH_1_URL=$(make_database "${databases[0]}")
BRANCH_2_URL=$(make_database "${databases[1]}")
WAREHOUSE_URL=$(make_database "${databases[2]}")
export BRANCH_1_URL BRANCH_2_URL WAREHOUSE_URL

cd "$folder"
"$lochan" init fruit_shop shop >/dev/null
cd shop
# The warehouse is switched on: a connection, and what to carry to it.
sed -i 's/# dwh:/dwh:/' lochan.yaml
mkdir sinks
cp warehouse/dwh.yaml sinks/

# --- the shops live, and Lochan keeps up --------------------------------------------------------------------------------

# Whatever the hour, the first sales are more than 150,000 s old.
GENERATOR_START=$(date -u -d '2 days ago' '+%Y-%m-%d %H:%M:%S')
export GENERATOR_START UPDATE_ROWS_PER_TICK=8
"$lochan" --quiet simulate shop --config simulate.yaml --fast --tick-interval 1800 --ticks 80
"$lochan" run
start env DELETE_OLDER_THAN_SEC=150000 "$lochan" simulate shop --config simulate.yaml --tick-interval 0.2 >shops.log 2>&1
shops=$child
for _ in $(seq "${ROUNDS:-5}"); do
  sleep 1
  "$lochan" run
done
stop "$shops"
tail -n 2 shops.log
"$lochan" run

# --- is it true? --------------------------------------------------------------------------------------------------------

# same WHAT FILE FILE
same() {
  [ -s "$2" ] || fail "$1: nothing to compare"
  if ! cmp -s "$2" "$3"; then
    diff "$2" "$3" | head -n 10 >&2 || true
    fail "$1: rows differ"
  fi
  printf '   %-28s %7d rows, equal\n' "$1" "$(wc -l <"$2")"
}

echo "the shops and the lake:"
at_shops() { # TABLE COLUMNS
  local name url
  for name in branch_1 branch_2; do
    url=BRANCH_${name#branch_}_URL
    psql -X -A -t -F '|' -c "select concat_ws('|', '$name', $2) from $1" "${!url}"
  done | LC_ALL=C sort
}
in_lake() { # FROM COLUMNS
  "$lochan" query --output csv "select concat_ws('|', branch, $2) as row from $1" | tail -n +2 | sed 's/^"\(.*\)"$/\1/' | LC_ALL=C sort
}
while IFS=';' read -r table columns from ours; do
  at_shops "$table" "$columns" >"$folder/theirs"
  in_lake "$from" "$ours" >"$folder/ours"
  same "$from" "$folder/theirs" "$folder/ours"
done <<'TABLES'
customer;id, first_name, last_name, email, phone, city, updated_at;staging.customer;customer_id, first_name, last_name, email, phone, city, updated_at
product;id, name, country, unit, price, updated_at;staging.product;product_id, name, country, unit, price, updated_at
employee;id, name, position, hired_at, updated_at;staging.employee;employee_id, name, position, hired_at, updated_at
sale;id, payment_type, sold_at, updated_at;staging.sale where not is_deleted;sale_id, payment_type, sold_at, updated_at
sale_item;id, quantity, price, discount, updated_at;staging.sale_item where not is_deleted;split_part(item_key, ':', 2), quantity, price, discount, updated_at
TABLES
[ "$("$lochan" query --output csv "select count(*) from staging.sale where is_deleted" | tail -n 1)" -gt 0 ] || fail "no sale was deleted"
[ "$("$lochan" query --output csv "select count(*) from history.product where not is_current" | tail -n 1)" -gt 0 ] || fail "no product has a past"

echo "the lake and the warehouse:"
sed -n 's/^  \([a-z_.]*\): *{ *\(to: \([a-z_]*\)\)\?.*/\1 \3/p' sinks/dwh.yaml | while read -r table target; do
  target=${target:-${table#*.}}
  columns=$(psql -X -A -t -c "select string_agg(format('coalesce(%I::text, ''null'')', column_name), ', ' order by ordinal_position)
    from information_schema.columns where table_schema = 'dwh' and table_name = '$target'" "$WAREHOUSE_URL")
  [ -n "$columns" ] || fail "the warehouse has no table dwh.$target"
  psql -X -A -t -c "select concat_ws('|', $columns) from dwh.$target" "$WAREHOUSE_URL" | LC_ALL=C sort >"$folder/theirs"
  "$lochan" query --output csv "select concat_ws('|', $columns) as row from $table" | tail -n +2 | sed 's/^"\(.*\)"$/\1/' | LC_ALL=C sort >"$folder/ours"
  same "dwh.$target" "$folder/theirs" "$folder/ours"
done
proved "the lake has every row of two living PostgreSQL shops as they have it, with its past; and the warehouse has every row of the lake."
