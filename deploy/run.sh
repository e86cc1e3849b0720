#!/bin/sh
# Brings the project of the current folder up to date, again and again, with a pause between: RUN_INTERVAL_SEC (10).
# A run that held something back, or met a source that was away, is tried again next time; a project that is wrong ends it.
set -u
trap 'exit 0' TERM INT
while :; do
  lochan run
  status=$?
  [ "$status" != 2 ] || exit 2
  # The container's health: the last round that came to its end.
  [ "$status" != 0 ] || touch .lochan/alive
  sleep "${RUN_INTERVAL_SEC:-10}" &
  wait $!
done
