#!/usr/bin/env bash
# A grade's checker refuses the project that the grade begins with, says what is missing, and passes our solution.
#   grade.sh GRADE [--server URL]
set -euo pipefail
grades=$(cd "$(dirname "$0")/../../examples/fruit_shop/grades" && pwd)
grade=$1
shift
folder=$(mktemp -d "${TMPDIR:-/tmp}/lochan-grade-test.XXXXXX")
trap 'rm -rf "$folder"' EXIT

"$grades/begin" "$grade" "$folder/start"
if "$grades/check" "$grade" "$folder/start" "$@" >"$folder/said" 2>&1; then
  cat "$folder/said"
  echo "the checker passes a project in which nothing is done"
  exit 1
fi
cat "$folder/said"
grep -q '^missing: ' "$folder/said" || { echo "the checker does not say what is missing"; exit 1; }
grep -q '^  hint: ' "$folder/said" || { echo "the checker does not say what to do"; exit 1; }

"$grades/begin" --solved "$grade" "$folder/solved"
"$grades/check" "$grade" "$folder/solved" "$@"
