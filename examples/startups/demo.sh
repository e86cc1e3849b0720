#!/usr/bin/env bash
# Start-ups from Crunchbase, end to end: all of them (mode full) and those we follow (mode specific), compared with what the
# API holds. Without a key of your own a stand-in answers, with 429 to every seventh call. It works in a temporary folder and
# leaves nothing.
#   LOCHAN_BIN, DEMO_KEEP       see ../demo_base.sh
source "$(dirname "$0")/../demo_base.sh"

at_source() { python3 -c 'import json, sys, urllib.request; print(json.load(urllib.request.urlopen(sys.argv[1]))[sys.argv[2]])' "${CRUNCHBASE_URL%/api/v4}/_sums" "$1"; }
same() {
  printf '   %-34s %14s %14s\n' "$1" "$2" "$3"
  [ "$2" = "$3" ] || fail "$1: the API has $2, the lake $3"
}

command -v python3 >/dev/null || fail "needs python3 (Debian: apt install python3)"

cd "$folder"
"$lochan" --quiet init startups project >init.log
cd project
start python3 crunchbase.py --port 0 --key stand-in --calls-per-minute 100000 --refuse-every 7 >url
for _ in $(seq 600); do [ -s url ] && break; sleep 0.05; done
CRUNCHBASE_URL=$(cat url)
export CRUNCHBASE_URL CRUNCHBASE_KEY=stand-in CRUNCHBASE_CALLS_PER_MINUTE=60000

step "The first run"
why "Mode full searches all of them by keyset, 1,000 records a page; mode specific takes three names to their organizations,"
why "and those to their founders, rounds and investments. What is refused with 429 is asked again when it says so."
show run
step "Each mode is a source, to be run by itself and on a schedule of its own. What comes again is not written twice."
show run --select source:crunchbase_specific+
show query "select name, city, founded_on, funding_total_usd from staging.organization where seen_by = 'specific' order by name"
show query "select * from mart.investor order by investments desc, investor limit 3"
step "A wrong key is told, and changes nothing."
if CRUNCHBASE_KEY=wrong "$lochan" run --select source:crunchbase_specific >wrong.log 2>&1; then fail "a wrong key was taken"; fi
grep -m 1 -o 'answered 401.*' wrong.log || { cat wrong.log >&2; fail "the wrong key was not told"; }

step "Is it true? What the API says of itself, and what the lake has of it."
echo
same organizations "$(at_source organizations)" "$(value 'select count(*) from staging.organization')"
same people "$(at_source people)" "$(value 'select count(*) from staging.person')"
same 'funding rounds' "$(at_source funding_rounds)" "$(value 'select count(*) from staging.funding_round')"
same investments "$(at_source investments)" "$(value 'select count(*) from staging.investment')"
same 'money raised, USD' "$(at_source money_raised_usd)" "$(value 'select sum(money_raised_usd)::bigint from mart.funding_by_country')"
followed=$(value "select count(*) from staging.organization where seen_by = 'specific'")
[ "$followed" = 3 ] || fail "$followed of 3 followed organizations were found"

proved "$(value 'select count(*) from staging.organization') organizations with their people, rounds and investments equal the API's own sums,
3 that we follow were found by name, and $(at_source refused) refused calls lost and doubled nothing."
