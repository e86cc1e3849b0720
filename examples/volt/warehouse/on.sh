#!/usr/bin/env bash
# Switches the marts in PostgreSQL on: the connection and the hourly schedule of lochan.yaml, the sink, the models of BI, the tour.
# POSTGRES_HOST, _PORT, _DB, _USER and _PASSWORD must be in .env or in the environment.
set -euo pipefail
cd "$(dirname "$0")/.."
sed -i 's/# mart:/mart:/; s/# - { name: views/- { name: views/' lochan.yaml
cp -r warehouse/sinks warehouse/commands .
cp -r warehouse/models/bi models/
