"""TPC-H's lineitem from PostgreSQL into files: Lochan beside DuckDB's own COPY, dlt with ConnectorX, and Sling.

The rows are made in SQL, shaped and distributed as TPC-H's are, in a server that tests/services/postgres.sh starts. Each peer that
can't be imported is left out and named. CPU is of the client's side; the server's work is the same for all.

  bench/postgres_lineitem.sh [--rows 6000000] [--rounds 3] [--only lochan,duckdb]
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

# About 186 bytes a row at the server, 16 columns.
LINEITEM = """
create unlogged table lineitem(l_orderkey bigint not null, l_partkey bigint not null, l_suppkey bigint not null, l_linenumber int not null,
  l_quantity decimal(15,2) not null, l_extendedprice decimal(15,2) not null, l_discount decimal(15,2) not null, l_tax decimal(15,2) not null,
  l_returnflag char(1) not null, l_linestatus char(1) not null, l_shipdate date not null, l_commitdate date not null, l_receiptdate date not null,
  l_shipinstruct char(25) not null, l_shipmode char(10) not null, l_comment varchar(44) not null);
insert into lineitem select i / 4, (i * 7919) % 200000 + 1, (i * 104729) % 10000 + 1, i % 4 + 1, i % 50 + 1, (i * 31 % 9500000) / 100.0 + 900,
  i % 11 / 100.0, i % 9 / 100.0, substr('ANR', (i % 3)::int + 1, 1), substr('FO', (i % 2)::int + 1, 1), date '1992-01-02' + (i * 37 % 2526)::int,
  date '1992-01-31' + (i * 41 % 2466)::int, date '1992-01-04' + (i * 43 % 2554)::int,
  (array['DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN'])[(i % 4 + 1)::int],
  (array['REG AIR', 'AIR', 'RAIL', 'SHIP', 'TRUCK', 'MAIL', 'FOB'])[(i % 7 + 1)::int],
  substr(md5(i::text) || md5((i * 3)::text), 1, (i % 34)::int + 10)
from generate_series(1::bigint, {rows}) i;
alter table lineitem add primary key (l_orderkey, l_linenumber);
vacuum analyze lineitem;
"""

DUCKDB = """\
import duckdb, sys
engine = duckdb.connect(config={'allow_unsigned_extensions': 'true', 'preserve_insertion_order': 'false'})
engine.execute(f"load '{sys.argv[1]}'")
engine.execute(f"attach '{sys.argv[2]}' as pg (type postgres, read_only)")
engine.execute("copy (select * from pg.lineitem) to 'lineitem.parquet'")
"""

DLT = """\
import sys, dlt
from dlt.sources.sql_database import sql_table
table = sql_table(sys.argv[1].replace('postgresql://', 'postgresql+psycopg2://'), 'lineitem', backend='connectorx', reflection_level='full',
                  backend_kwargs={'conn': sys.argv[1]})
pipeline = dlt.pipeline('lineitem', destination=dlt.destinations.filesystem('file://' + sys.argv[2]), dataset_name='d', pipelines_dir=sys.argv[2])
pipeline.run(table, loader_file_format='parquet')
"""


def fill(url, rows):
    """Kept from one measuring to the next."""
    def psql(text):
        return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", url], input=text, check=True, capture_output=True, text=True).stdout.strip()
    there = psql("select to_regclass('lineitem') is not null")
    if there != "t" or psql("select count(*) from lineitem") != str(rows):
        psql("drop table if exists lineitem;")
        psql(LINEITEM.format(rows=rows))


def lochan(url, folder):
    pathlib.Path(folder, "sources").mkdir()
    pathlib.Path(folder, "lochan.yaml").write_text(f"name: lineitem\nconnections: {{ tpch: '{url}' }}\n")
    pathlib.Path(folder, "sources/tpch.yaml").write_text(
        "source: tpch\nfrom: tpch\ntables:\n  lineitem: { load: full, key: [l_orderkey, l_linenumber] }\n")
    return [LOCHAN, "run"]


def duckdb(url, folder):
    extension = next(iter(pathlib.Path(LOCHAN).resolve().parent.glob("extensions/postgres_scanner.duckdb_extension")))
    return [sys.executable, "-c", DUCKDB, str(extension), url]


def dlt(url, folder):
    return [sys.executable, "-c", DLT, url, str(folder)]


def sling(url, folder):
    return [str(pathlib.Path(sys.executable).parent / "sling"), "run", "--src-conn", url + "?sslmode=disable", "--src-stream", "public.lineitem",
            "--tgt-object", f"file://{folder}/lineitem.parquet"]


TOOLS = {"lochan": lochan, "duckdb": duckdb, "dlt + connectorx": dlt, "sling": sling}
NEEDED = {"duckdb": "duckdb", "dlt + connectorx": "dlt, connectorx, psycopg2", "sling": "sling.bin"}


def is_there(tool):
    names = NEEDED.get(tool, "")
    return not names or subprocess.run([sys.executable, "-c", f"import {names}"], capture_output=True).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=6_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(TOOLS))
    options = parser.parse_args()
    server = subprocess.run([ROOT / "tests/services/postgres.sh", "start"], check=True, capture_output=True, text=True).stdout
    url = next(line[13:] for line in server.splitlines() if line.startswith("POSTGRES_URL="))
    fill(url, options.rows)
    costs = {}
    for tool in options.only.split(","):
        if not is_there(tool):
            print(f"{tool} is left out: {NEEDED[tool]} can't be imported")
            continue
        costs[tool] = []
    for _ in range(options.rounds):
        for tool in costs:
            folder = pathlib.Path(tempfile.mkdtemp(prefix="lochan-lineitem-"))
            try:
                costs[tool].append(measure(TOOLS[tool](url, folder), folder))
            finally:
                shutil.rmtree(folder)
    lines = [["tool", "", "seconds", "CPU s", "peak MB"]]
    for tool, found in costs.items():
        lines.append([tool, "", spread([c.seconds for c in found]), spread([c.cpu for c in found]), spread([c.peak_mb for c in found], 0)])
    print(f"{options.rows} rows of lineitem, PostgreSQL to Parquet (Lochan: to a lake, audited and published)")
    print_table(lines)
    if "lochan" in costs and "duckdb" in costs:
        best = {tool: min(costs[tool], key=lambda cost: cost.seconds) for tool in ("lochan", "duckdb")}
        print(f"lochan / duckdb: {best['lochan'].seconds / best['duckdb'].seconds:.2f} in time, {best['lochan'].cpu / best['duckdb'].cpu:.2f} in CPU")


if __name__ == "__main__":
    main()
