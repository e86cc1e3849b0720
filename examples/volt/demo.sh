#!/usr/bin/env bash
# Users and orders, from an HTTP API that asks to wait and fails and from CSV files that are full of mistakes, through a lake on S3 to marts
# in PostgreSQL; by hand, and by `lochan serve`. At the end the marts are compared with SQL that PostgreSQL computes from the API's own
# answers and the files themselves. It starts what it needs, works in a temporary folder and leaves nothing.
#   ORDERS=20000                how many orders the API has at first
#   LOCHAN_BIN, DEMO_KEEP       see ../demo_base.sh
#   DEMO_README=write           what commands make of README.md is written there, not compared with it
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../demo_base.sh"
source "$here/demo_parts.sh"

step "An API, a bucket for files, a bucket for the lake, a PostgreSQL server, a mail server, a project"
start_servers
start_api
make_project
drop_csv 2026-03-08

step "The first load"
why "Each answer of the API is kept as it was received, and each line of the CSV files; staging is made of both; the marts go to PostgreSQL."
show run
rejected
compare_raw

step "Only what is new: ten ticks of the API, another day of CSV"
tick 10
drop_csv 2026-03-09
show run
show run

step "In PostgreSQL: a partitioned fact, a view for BI, a materialized view, indexes"
show_marts

step "From a mart's row back to staging and raw: a user of the API, and one of the files"
trace user_id=17 raw.orders
trace user_id=5071 raw.orders_csv

step "By itself: the API every ten minutes, CSV daily, the materialized view hourly; here every few seconds"
begin_to_serve
tick 3
wait_for "new orders in PostgreSQL" has_orders "$((ORDERS + 50 + 15))" api
drop_csv 2026-03-10
wait_for "the files' orders in PostgreSQL" has_day 2026-03-10
wait_for "the materialized view to have them" has_month_rows
echo "   new orders, a new file's orders, and the materialized view that has both: nobody called a command"
why "The mart's user may no longer sign in. The run fails, and a mail says so; the lake goes on. Then they may again."
lock_out
tick 1
wait_for "a mail that the mart isn't written" has_mail "sink:mart"
show_mail "sink:mart"
let_in
wait_for "the mail that it is well again" has_mail "well again"
show_mail "well again"
wait_for "the orders of meanwhile in PostgreSQL" has_orders "$((ORDERS + 50 + 20))" api
stop_serving
show run

step "What these pages say of the schema, the ways of the data and the lake's layout is what the commands print"
LOCHAN_BIN=$lochan python3 "$here/readme.py" "${DEMO_README:-check}" "$LAKE_BUCKET"

step "Why partitions: what a query of a day, of a week and of everything reads of this very lake"
show_partitions

step "The lifecycle: forty days in a lake in a folder, by a clock that is set"
live_forty_days

step "A tour of PostgreSQL: the command \`tour\`, a step like another"
show run --select command:tour
show_tour

step "Is it true? The marts in PostgreSQL, and the same computed there from the API's own answers and the files"
show run
echo
compare_marts
count_calls
look_for_secrets
proved "$orders orders of $users users: four marts equal SQL over the API's own answers and $(wc -l <"$folder/files") CSV files, row for row;" \
  "nothing was asked before its Retry-After; what was wrong in the files was set aside; a run that failed was mailed; the lifecycle lost no order; no secret is in logs, state or lake."
