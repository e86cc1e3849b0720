"""The eleven tables of totesys from PostgreSQL into files: Lochan beside DuckDB, dlt and Sling, in one run on the same data.

Three measurements of each tool, one after the other in the same folder: the first load; again with nothing new; again when 1,000 rows
have changed. Lochan loads by `last_updated` into a lake, checks a key in each table, and publishes. DuckDB copies each table whole into
Parquet, each time: it keeps no cursor. dlt loads by `last_updated` into Parquet, Sling into another database of the same server. After
the first load and the last each target is compared with the source, outside of what is measured. CPU is of the client's side. Peers that
can't be had are left out and named.

  bench/eleven_tables.sh [--orders 5000] [--rounds 3] [--only lochan,duckdb]
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from measure import measure, print_table, spread

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOCHAN = os.environ.get("LOCHAN_BIN", str(ROOT / "build/release/lochan"))
TABLES = {"counterparty": "counterparty_id", "currency": "currency_id", "department": "department_id", "design": "design_id", "staff": "staff_id",
          "sales_order": "sales_order_id", "address": "address_id", "payment": "payment_id", "purchase_order": "purchase_order_id",
          "payment_type": "payment_type_id", "transaction": "transaction_id"}

CHANGE = """
update sales_order set units_sold = units_sold + 1, last_updated = {at} where sales_order_id % 5 = 0 and sales_order_id <= 2500;
update payment set payment_date = payment_date + 1, last_updated = {at} where payment_id % 5 = 0 and payment_id <= 2500;
"""

DUCKDB = """\
import duckdb, sys
engine = duckdb.connect(config={'allow_unsigned_extensions': 'true', 'preserve_insertion_order': 'false'})
engine.execute(f"load '{sys.argv[1]}'")
engine.execute(f"attach '{sys.argv[2]}' as pg (type postgres, read_only)")
for table in sys.argv[3].split(','):
    engine.execute(f'copy (select * from pg."{table}") to \\'{table}.parquet\\'')
"""

DLT = """\
import os, sys, dlt
from dlt.sources.sql_database import sql_table
url, folder = sys.argv[1:3]
tables = [sql_table(url.replace('postgresql://', 'postgresql+psycopg2://'), name, backend='pyarrow', primary_key=key,
                    incremental=dlt.sources.incremental('last_updated', row_order=None))
          for name, key in (pair.split('=') for pair in sys.argv[3].split(','))]
pipeline = dlt.pipeline('totesys', destination=dlt.destinations.filesystem('file://' + folder + '/out'), dataset_name='d', pipelines_dir=folder + '/pipelines')
pipeline.run(tables, loader_file_format='parquet', write_disposition='append')
"""

SLING = """\
source: SRC
target: TGT
defaults:
  mode: incremental
  update_key: last_updated
streams:
"""


def psql(url, text):
    return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", url], input=text, check=True, capture_output=True, text=True).stdout.strip()


def lochan(url, folder):
    (folder / "sources").mkdir()
    (folder / "lochan.yaml").write_text(f"name: totesys\nconnections: {{ totesys: '{url}' }}\n")
    (folder / "sources/totesys.yaml").write_text("source: totesys\nfrom: totesys\ntables:\n" + "".join(
        f"  {table}: {{ load: incremental, cursor: last_updated, key: {key}, checks: [{{ not_null: [{key}, last_updated] }}] }}\n"
        for table, key in TABLES.items()))
    return [LOCHAN, "run"], {}


def duckdb(url, folder):
    extension = next(iter(pathlib.Path(LOCHAN).resolve().parent.glob("extensions/postgres_scanner.duckdb_extension")))
    return [sys.executable, "-c", DUCKDB, str(extension), url, ",".join(TABLES)], {}


def dlt(url, folder):
    return [sys.executable, "-c", DLT, url, str(folder), ",".join(f"{table}={key}" for table, key in TABLES.items())], {"RUNTIME__DLTHUB_TELEMETRY": "false"}


def sling(url, folder):
    """Into another database of the same server: for files it fetches DuckDB's program from elsewhere, and keeps no state of its own."""
    psql(url, f"drop database if exists {url.rsplit('/', 1)[1]}_sling with (force)")
    psql(url, f"create database {url.rsplit('/', 1)[1]}_sling")
    (folder / "sling.yaml").write_text(SLING + "".join(f"  public.{table}: {{ object: public.{table}, primary_key: [{key}] }}\n" for table, key in TABLES.items()))
    return [os.environ["SLING_BINARY"], "run", "-r", str(folder / "sling.yaml")], {
        "SRC": url + "?sslmode=disable", "TGT": url + "_sling?sslmode=disable", "SLING_DISABLE_TELEMETRY": "TRUE", "SLING_HOME_DIR": str(folder / "home")}


TOOLS = {"lochan": lochan, "duckdb": duckdb, "dlt": dlt, "sling": sling}
WHAT = ("first load", "nothing new", "1,000 changed")


def missing(tool):
    """Why it can't be measured; empty when it can."""
    if tool == "sling":
        return "" if os.environ.get("SLING_BINARY") else "its program could not be installed"
    names = {"duckdb": "duckdb", "dlt": "dlt, psycopg2, pyarrow"}.get(tool, "")
    if names and subprocess.run([sys.executable, "-c", f"import {names}"], capture_output=True).returncode != 0:
        return f"{names} can't be imported"
    return ""


# Of the last version of each row; of the orders, whose values change, the values too.
DIGEST = """select count(*), sum({key}), count(*) filter (where last_updated = newest), {values} from (
  select *, max(last_updated) over () as newest, row_number() over (partition by {key} order by last_updated desc) as version from {rows}) as v
where version = 1"""


def digest_at(tool, url, folder):
    """By table, what the tool's target holds, read by something else than the tool, but for Lochan."""
    import duckdb as engine
    found = {}
    for table, key in TABLES.items():
        ask = lambda rows: DIGEST.format(key=key, rows=rows, values="sum(units_sold)" if table == "sales_order" else "0")
        if tool == "lochan":
            asked = subprocess.run([LOCHAN, "query", "--output", "csv", ask(f"raw.{table}")], cwd=folder, check=True, capture_output=True, text=True)
            found[table] = asked.stdout.split()[-1].replace(",", "|")
        elif tool == "sling":
            found[table] = psql(url + "_sling", ask(f'"{table}"'))
        elif tool == "source":
            found[table] = psql(url, ask(f'"{table}"'))
        else:
            files = {"duckdb": f"{folder}/{table}.parquet", "dlt": f"{folder}/out/d/{table}/*.parquet"}[tool]
            found[table] = "|".join(str(value) for value in engine.sql(ask(f"read_parquet('{files}')")).fetchone())
    return found


def check(tool, url, folder, what):
    """Each tool's target holds what the source does: figures of one that lost rows would mean nothing."""
    there, here = digest_at("source", url, folder), digest_at(tool, url, folder)
    for table in TABLES:
        if here[table] != there[table]:
            sys.exit(f"{tool}, {what}: {table} has {here[table]}, wanted {there[table]}")


def check_versions(url, folder, changes):
    """Lochan has both versions of the rows that changed."""
    for table in TABLES:
        there = int(psql(url, f'select count(*) from "{table}"')) + changes.get(table, 0)
        asked = subprocess.run([LOCHAN, "query", "--output", "csv", f"select count(*) from raw.{table}"], cwd=folder, check=True, capture_output=True, text=True)
        here = int(asked.stdout.split()[-1])
        if here != there:
            sys.exit(f"raw.{table} has {here} rows, wanted {there}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=5_000, help="sales orders; some seven times as many rows in all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(TOOLS))
    options = parser.parse_args()
    if options.orders < 2_500:
        parser.error("--orders: 2500 or more, of which 1,000 rows are changed")
    server = subprocess.run([ROOT / "tests/services/postgres.sh", "start"], check=True, capture_output=True, text=True).stdout
    server = next(line[13:] for line in server.splitlines() if line.startswith("POSTGRES_URL="))
    tools = []
    for tool in options.only.split(","):
        why = missing(tool)
        if why:
            print(f"{tool} is left out: {why}")
        else:
            tools.append(tool)
    costs = {(tool, what): [] for what in WHAT for tool in tools}
    name = f"lochan_eleven_{os.getpid()}"
    url = f"{server.rsplit('/', 1)[0]}/{name}"
    psql(server, f"create database {name}")
    try:
        subprocess.run([LOCHAN, "-q", "simulate", "totesys", "--to", url, "--fast", "--ticks", "1", "--orders", str(options.orders)], check=True)
        psql(url, "vacuum analyze")
        rows = sum(int(psql(url, f'select count(*) from "{table}"')) for table in TABLES)
        at = 0
        for _ in range(options.rounds):
            for tool in tools:
                folder = pathlib.Path(tempfile.mkdtemp(prefix=f"lochan-eleven-{tool}-"))
                try:
                    command, env = TOOLS[tool](url, folder)
                    for what in WHAT:
                        if what == WHAT[2]:
                            at += 1
                            psql(url, CHANGE.format(at=f"timestamp '2026-02-01' + interval '{at} minutes'"))
                        costs[tool, what].append(measure(command, folder, env))
                        if what != WHAT[1]:
                            check(tool, url, folder, what)
                    if tool == "lochan":
                        check_versions(url, folder, {"sales_order": 500, "payment": 500})
                finally:
                    shutil.rmtree(folder)
    finally:
        for database in (name, name + "_sling"):
            psql(server, f"drop database if exists {database} with (force)")
    print(f"eleven tables, {rows} rows, PostgreSQL to Parquet (Lochan: to a lake, audited and published; Sling: to PostgreSQL)")
    lines = [["what", "tool", "seconds", "CPU s", "peak MB", "of lochan's time", "of its CPU"]]
    for what in WHAT:
        ours = costs.get(("lochan", what))
        for tool in tools:
            found = costs[tool, what]
            ratios = ["", ""]
            if ours and tool != "lochan":
                ratios = [f"{min(c.seconds for c in found) / min(c.seconds for c in ours):.2f}", f"{min(c.cpu for c in found) / min(c.cpu for c in ours):.2f}"]
            lines.append([what, tool, spread([c.seconds for c in found]), spread([c.cpu for c in found]), spread([c.peak_mb for c in found], 0), *ratios])
    print_table(lines)


if __name__ == "__main__":
    main()
