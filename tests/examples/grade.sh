#!/usr/bin/env bash
# A grade's checker refuses the project that the grade begins with, says what is missing, and passes our solution.
#   grade.sh GRADE [--own-server]    with the shops on the PostgreSQL of the tests
set -euo pipefail
grade=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
where=()
if [ "${2:-}" = --own-server ]; then
  where=(--server "$("$root/tests/services/postgres.sh" start | sed -n 's/^POSTGRES_URL=//p')")
fi
grades=$root/examples/fruit_shop/grades
folder=$(mktemp -d "${TMPDIR:-/tmp}/lochan-grade-test.XXXXXX")
trap 'rm -rf "$folder"' EXIT

"$grades/begin" "$grade" "$folder/start"
if "$grades/check" "$grade" "$folder/start" "${where[@]}" >"$folder/said" 2>&1; then
  cat "$folder/said"
  echo "the checker passes a project in which nothing is done"
  exit 1
fi
cat "$folder/said"
grep -q '^missing: ' "$folder/said" || { echo "the checker does not say what is missing"; exit 1; }
grep -q '^  hint: ' "$folder/said" || { echo "the checker does not say what to do"; exit 1; }

"$grades/begin" --solved "$grade" "$folder/solved"
"$grades/check" "$grade" "$folder/solved" "${where[@]}"
