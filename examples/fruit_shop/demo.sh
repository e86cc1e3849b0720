#!/usr/bin/env bash
# `make demo`: two fruit shops live, and Lochan loads, checks and publishes them meanwhile. It shows, step by step, what
# happens and why, and proves at the end that not a cent was lost. It works in a temporary folder and leaves nothing.
#   LOCHAN_BIN, DEMO_KEEP   see examples/demo_base.sh
source "$(dirname "$0")/../demo_base.sh"
shop=$folder/shop

# --- what the script itself needs -----------------------------------------------------------------------------------

# Sees every process of this demo ten times a second and keeps the largest sum of their memory. VmHWM is the most that a
# process has ever had, so nothing is missed between two looks; memory that two of them share is counted twice.
watch_memory() {
  local largest=0 sum process line
  while :; do
    sum=0
    for process in /proc/[0-9]*; do
      [ "$process/exe" -ef "$lochan" ] && [ "$process/cwd" -ef "$shop" ] || continue
      line=$(grep -s '^VmHWM:' "$process/status") || continue
      sum=$((sum + $(tr -dc 0-9 <<<"$line")))
    done
    if [ "$sum" -gt "$largest" ]; then
      largest=$sum
      echo "$largest" >"$folder/memory.new" && mv "$folder/memory.new" "$folder/memory"
    fi
    sleep 0.1
  done
}

# A reader who asks again and again, whatever is going on: do the marts agree with each other, is there a bad price?
# One line for each answer: the sum by day, by branch, by product, and the number of negative prices.
keep_reading() {
  while [ ! -e "$folder/closed" ]; do
    value "select
        (select sum(revenue) from mart.sales_by_day) as by_day,
        (select sum(revenue) from mart.sales_by_branch) as by_branch,
        (select sum(revenue) from mart.sales_by_product) as by_product,
        (select count(*) from staging.sale_item where price < 0) as bad" >>"$folder/reader.log" 2>&1 ||
      echo "failed" >>"$folder/reader.log"
    sleep 0.3
  done
}

# The sales' sum at a shop, in cents, counted by SQLite itself: nothing of Lochan has a hand in it. Each line of a receipt
# is rounded to whole cents, as at the till; whole numbers throughout, so that no fraction gets lost.
count_at_source() {
  sqlite3 -readonly "$1" ".timeout 10000" "
    select coalesce(sum((cast(round(quantity * 100) as integer) * cast(round(price * 100) as integer)
                         * (100 - cast(round(discount * 100) as integer)) + 5000) / 10000), 0)
    from sale_item"
}
as_money() { printf '%d.%02d' $(($1 / 100)) $(($1 % 100)); }

wait_for_ticks() {
  local wanted=$1 seen
  seen=$(grep -c ' tick ' "$folder/shops.log" || true)
  wanted=$((seen + wanted))
  for _ in $(seq 200); do
    [ "$(grep -c ' tick ' "$folder/shops.log" || true)" -ge "$wanted" ] && return
    kill -0 "${children[0]}" 2>/dev/null || { cat "$folder/shops.log" >&2; fail "the shops stopped"; }
    sleep 0.1
  done
  fail "the shops do not live: see $folder/shops.log"
}

command -v sqlite3 >/dev/null || fail "needs the command sqlite3 (Debian: apt install sqlite3)"

# --- the demo ---------------------------------------------------------------------------------------------------------

step "A project"
why "A project is a folder of text files: where the shops are, what to load, SQL for each table, checks."
cd "$folder"
show init fruit_shop shop
cd "$shop"
watch_memory &
children+=($!)
memory_watcher=$!

step "Two shops open, and live"
why "First two days are played in simulated time, so that there is something to count. Then they live by the clock:"
why "each writes into its own database five times a second, while Lochan reads it. The same seed makes the same rows."
GENERATOR_START=$(date -u -d '2 days ago' '+%Y-%m-%d 08:00:00')
export GENERATOR_START
show --quiet simulate shop --config simulate.yaml --fast --tick-interval 1800 --ticks 80
echo
echo "${bold}\$ lochan simulate shop --config simulate.yaml --tick-interval 0.2 &${plain}"
"$lochan" simulate shop --config simulate.yaml --tick-interval 0.2 >"$folder/shops.log" 2>&1 &
children=($! "${children[@]}")
shops=$!
wait_for_ticks 4
tail -n 3 "$folder/shops.log"

step "The first run"
why "The plan says what is stale, and why. At first that is everything."
show plan
why "A run works on a branch of its own. What it made is audited there, then published all at once."
show run
show query "select day, sales, customers, revenue from mart.sales_by_day order by day"
why "From here on a reader asks for the marts' totals again and again, until the shops close. What it saw comes at the end."
keep_reading &
reader=$!
children+=("$reader")

step "The shops go on, and so does Lochan"
why "Only what is new is read: sales by their cursor, up to where the last publication got."
wait_for_ticks 4
show run
wait_for_ticks 4
show run
show history --limit 5

step "A bad batch"
why "Somebody at branch_1 types a minus before a price. The shop's database takes it. Ours does not have to."
bad_item=$(sqlite3 data/branch_1.db ".timeout 10000" "
  update sale_item set price = -price, updated_at = strftime('%Y-%m-%d %H:%M:%f000', 'now')
  where id = (select max(id) from sale_item) returning id")
echo
echo "${bold}\$ sqlite3 data/branch_1.db \"update sale_item set price = -price … where id = $bad_item\"${plain}"
before=$(value "select sum(revenue) from mart.sales_by_day")
if show run >"$folder/bad_run.log" 2>&1; then
  cat "$folder/bad_run.log"
  fail "the bad batch was published"
fi
cat "$folder/bad_run.log"
echo
why "The raw log has the bad row, as it came. The table made from it is held back, and every table made from that one."
why "Readers have the last good publication:"
after=$(value "select sum(revenue) from mart.sales_by_day")
echo "   revenue before the bad run: $before, after it: $after"
[ "$before" = "$after" ] || fail "a reader saw something of the bad batch"
[ "$(value "select count(*) from staging.sale_item where price < 0")" = 0 ] || fail "the bad row was published"
why "What was held back is on the run's branch, to be looked at:"
branch=$(grep -o 'run-[0-9]*' "$folder/bad_run.log" | tail -n 1)
[ -n "$branch" ] || fail "the run did not say where to look"
show query --branch "$branch" "select item_key, sale_key, quantity, price, discount from staging.sale_item where price < 0"
[ "$(value --branch "$branch" "select count(*) from staging.sale_item where price < 0")" = 1 ] ||
  fail "the branch does not show the bad row"

step "The repaired batch"
why "The shop mends the price. The next run reads the row again, and all that was held back goes through."
sqlite3 data/branch_1.db ".timeout 10000" "
  update sale_item set price = -price, updated_at = strftime('%Y-%m-%d %H:%M:%f000', 'now') where id = $bad_item"
show run
why "The raw layer is a log, so it remembers what happened to that row, and when:"
show query "select price, updated_at, _source, _run from raw.sale_item where _source = 'branch_1' and id = $bad_item order by _loaded_at"

step "The shops close"
kill -TERM "$shops"
wait "$shops" || true
tail -n 2 "$folder/shops.log"
touch "$folder/closed"
wait "$reader"
why "One more run, for what was sold since. And one for which there is nothing left to do."
show run
show run

step "What the marts say"
show query "select * from mart.sales_by_branch order by branch"
show query "select product, unit, quantity, revenue from mart.sales_by_product order by revenue desc limit 5"
show query "select product, with_product, together from mart.basket order by together desc, product limit 3"
show query "select name, branch, sales, revenue, place from mart.customer_value order by revenue desc limit 3"

step "Is it true?"
why "The same sum, counted at each source by SQLite, line by line, without Lochan."
echo
all_at_source=0 differ=0
printf '   %-12s %14s %14s\n' '' 'at the source' 'in the mart'
for name in branch_1 branch_2; do
  cents=$(count_at_source "data/$name.db")
  all_at_source=$((all_at_source + cents))
  in_mart=$(value "select revenue from mart.sales_by_branch where branch = '$name'")
  printf '   %-12s %14s %14s\n' "$name" "$(as_money "$cents")" "$in_mart"
  [ "$(as_money "$cents")" = "$in_mart" ] || differ=1
done
for mart in sales_by_day sales_by_branch sales_by_product customer_value; do
  in_mart=$(value "select sum(revenue) from mart.$mart")
  printf '   %-12s %14s %14s   %s\n' 'all' "$(as_money "$all_at_source")" "$in_mart" "mart.$mart"
  [ "$(as_money "$all_at_source")" = "$in_mart" ] || differ=1
done
items_at_source=0
for name in branch_1 branch_2; do
  items_at_source=$((items_at_source + $(sqlite3 -readonly "data/$name.db" ".timeout 10000" 'select count(*) from sale_item')))
done
items_in_lake=$(value "select count(*) from staging.sale_item")
printf '   %-12s %14s %14s   %s\n' 'receipt lines' "$items_at_source" "$items_in_lake" 'staging.sale_item'
[ "$items_at_source" = "$items_in_lake" ] || differ=1
[ "$differ" = 0 ] || fail "the marts and the sources differ"
answers=$(wc -l <"$folder/reader.log")
awk -F, '$1 != $2 || $1 != $3 || $4 != 0 { bad = 1; print } END { exit bad }' "$folder/reader.log" ||
  fail "a reader saw marts that differ, or a bad price (above)"
echo
echo "   The reader got $answers answers, $(sort -u "$folder/reader.log" | wc -l) different ones: in each of them the marts agreed, and no price was bad."

kill -TERM "$memory_watcher"
memory=$(cat "$folder/memory" 2>/dev/null || echo 0)
echo "   Memory: $((memory / 1024)) MB at most, all processes of Lochan together (the aim is 300 MB)"
proved "$items_in_lake receipt lines of two living shops were loaded, none lost and none doubled; a bad
batch was stopped before any reader saw it; and the marts equal the sources to the cent."
