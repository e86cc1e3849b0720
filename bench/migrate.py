#!/usr/bin/env python3
"""`lochan migrate` beside `pg_dump | psql`: the fifteen tables of the DVD rental, and one table of many rows with two indexes.

    bench/migrate.py [--rows 1000000] [--rounds 3]

LOCHAN_BIN names the program (build/release/lochan by default). The server is that of tests/services. Both make schema, rows,
keys and indexes; ours compares counts and checksums of both sides too, which the other doesn't. Rounds take turns.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from measure import measure, print_table, spread  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
LOCHAN = Path(os.environ.get("LOCHAN_BIN", ROOT / "build" / "release" / "lochan")).resolve()
BIG = """create schema big;
create table big.event (id bigint primary key, kind text not null, amount numeric(10,2), note text, at timestamptz not null);
insert into big.event select n, 'kind ' || n % 50, n % 10000 / 100.0, md5(n::text), timestamptz '2026-01-01' + n * interval '1 second' from generate_series(1, {rows}) n;
create index on big.event (kind); create index on big.event (at);"""


def ask(url, sql):
    return subprocess.run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", url, "-c", sql], check=True, capture_output=True, text=True).stdout.strip()


class Server:
    def __init__(self):
        lines = subprocess.run([ROOT / "tests/services/postgres.sh", "start"], check=True, capture_output=True, text=True).stdout
        self.url = next(line.split("=", 1)[1] for line in lines.splitlines() if line.startswith("POSTGRES_URL="))

    def make(self, name):
        ask(self.url, f"drop database if exists {name} with (force)")
        ask(self.url, f"create database {name}")
        return self.url.rsplit("/", 1)[0] + "/" + name


def migrate_file(folder, url, schema):
    names = ask(url, f"select string_agg(relname, ' ') from pg_class where relnamespace = '{schema}'::regnamespace and relkind = 'r'").split()
    tables = [{"name": name, "schema_in": schema, "schema_out": schema, "depends_on": []} for name in names]
    (folder / "tables.json").write_text(json.dumps(tables))


def measure_case(server, folder, old, schema, rounds):
    costs = {"lochan migrate": [], "pg_dump | psql": []}
    migrate_file(folder, old, schema)
    for _ in range(rounds):
        new = server.make("bench_new")
        (folder / "lochan.yaml").write_text(f"name: moving\nconnections:\n  old: {old}\n  new: {new}\n")
        costs["lochan migrate"].append(measure([LOCHAN, "-q", "migrate", "tables.json", "--from", "old", "--to", "new"], folder))
        wanted = ask(old, f"select count(*) from pg_indexes where schemaname = '{schema}'")
        found = ask(new, f"select count(*) from pg_indexes where schemaname = '{schema}' and tablename <> 'lochan_migration'")
        assert found == wanted, f"{found} of {wanted} indexes"
        new = server.make("bench_new")
        pipe = f"set -o pipefail; pg_dump --schema='*{schema}' '{old}' | psql -X -q -v ON_ERROR_STOP=1 '{new}'"
        costs["pg_dump | psql"].append(measure(["bash", "-c", pipe], folder))
    return costs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    server = Server()
    lines = [("data", "program", "seconds", "ratio", "CPU s", "MB")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        old = server.make("bench_old")
        subprocess.run([LOCHAN, "-q", "simulate", "dvd_rental", "--to", old], check=True)
        ask(old, BIG.format(rows=options.rows))
        for schema, data in (("dvd_rental", "15 tables, 44,820 rows"), ("big", f"1 table, {options.rows:,} rows")):
            costs = measure_case(server, folder, old, schema, options.rounds)
            base = sorted(cost.seconds for cost in costs["pg_dump | psql"])[options.rounds // 2]
            for program, found in costs.items():
                middle = sorted(cost.seconds for cost in found)[options.rounds // 2]
                lines.append((data, program, spread([cost.seconds for cost in found]), f"{middle / base:.2f}", spread([cost.cpu for cost in found]),
                              f"{max(cost.peak_mb for cost in found):.0f}"))
    for database in ("bench_old", "bench_new"):
        ask(server.url, f"drop database if exists {database} with (force)")
    print_table(lines)


if __name__ == "__main__":
    main()
