#!/usr/bin/env bash
# The long campaigns, for `make campaign`: hours of kills, races and ticks. Ends with what failed.
#   LOCHAN_CAMPAIGN_DIR   where lakes are made (a place with room; /tmp by default); failed ones are kept there
#   LOCHAN_SEED           the first seed of the random histories (another one each time by default)
set -uo pipefail
cd "$(dirname "$0")/../.."
export LOCHAN_BIN=${LOCHAN_BIN:-$PWD/build/release/lochan}

python=$(cmake/venv.sh)  # with a driver of MongoDB

failed=()
try() {
  echo "== $*"
  "$python" -B "tests/campaign/$1.py" "${@:2}" || failed+=("$*")
}

for seed in 1 2 3; do
  try crash kill --times 100 --seed "$seed"
done
for case in first run maintain archive restore; do
  try crash kill --every 1 --case "$case"
  try crash full --every 3 --case "$case"
done
try crash stall --every 5
try races --times 50
try mishaps --times 20
for seed in 1 2 3; do
  try soak --seconds 3600 --seed "$seed"
done
for seed in 1 2 3; do
  try hot_postgres --seconds 300 --server-deaths 10 --seed "$seed"
done
for seed in 1 2 3; do
  try s3_faults --rounds 100 --seed "$seed"
  try hosts fenced holding cut --times 20 --seed "$seed"
  try hosts chaos --times 100 --seed "$seed"
done
for seed in 1 2 3; do
  try serving ticks queue --times 50 --seed "$seed"
  try crash cut --times 50 --seed "$seed"
  for case in maintain archive restore; do
    try crash cut --times 20 --case "$case" --seed "$seed"
  done
done
try connectors kill full --every 1
try connectors kill full --first --every 3
try connectors interrupt cut chaos --times 100
try connectors slow away wrong many
export LOCHAN_TEST_LAKE=s3 LOCHAN_TEST_STATE=postgresql
for case in first run maintain archive restore; do
  try crash kill --times 60 --case "$case"
done
try crash stall --times 20
try races --times 20
try mishaps --times 5
try soak --seconds 3600
unset LOCHAN_TEST_LAKE LOCHAN_TEST_STATE
# Random histories against oracles. Each failure names its seed: LOCHAN_SEED=… asks for that one again.
histories() {  # PROGRAM SEEDS
  echo "== histories: $1, $2 seeds from $LOCHAN_SEED on"
  LOCHAN_SEEDS=$2 "build/release/$1" --gtest_brief || failed+=("histories: LOCHAN_SEED=$LOCHAN_SEED LOCHAN_SEEDS=$2 $1")
}
export LOCHAN_SEED=${LOCHAN_SEED:-$((RANDOM * 1000))}
if cmake --build --preset release --target check_slow_tests schedule_slow_tests; then
  histories check_slow_tests 500
  histories schedule_slow_tests 100
else
  failed+=("histories: the build")
fi
try ticks 1000 --csv build/ticks.csv

if [ ${#failed[@]} -gt 0 ]; then
  printf 'FAILED: %s\n' "${failed[@]}"
  exit 1
fi
echo "all campaigns passed"
