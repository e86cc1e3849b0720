"""Documents with ten nested elements upserted into MongoDB: Lochan beside PyMongo's bulk write, in one run.

Both begin with the same documents in Parquet: Lochan with those that its model made in the lake, PyMongo with a file of them that DuckDB reads. Both
upsert by `_id`, unordered, in batches of 1,000; PyMongo by `ReplaceOne(upsert=True)`: what people write. First into an empty database, then with one
document of a hundred changed: Lochan compares two publications to find it, PyMongo doesn't know which it is and writes all. What is measured is the
whole program: `lochan run` of the sink's step with its plan, and the script.

The server of the tests is slow and takes most of the time: what counts are the CPU seconds of the client. Afterwards the documents of both must be
the same, field by field. A start costs the same for few documents and for many: see with `--documents`.

  bench/mongodb_upsert.sh [--documents 5000] [--rounds 3]
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import duckdb
import pymongo

from measure import measure, print_table, spread

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOCHAN = os.environ.get("LOCHAN_BIN", str(ROOT / "build/release/lochan"))

ROWS = """
select (i // 10)::integer as customer_id, 'customer ' || (i // 10) as name, (i % 10)::integer as number, 'film ' || (hash(i) % 1000) as film,
       ((hash(i + 1) % 1000)::bigint / 100)::double as fee, timestamp '2026-01-01' + interval (i % 86400) second as rented_at
from range({documents} * 10) r(i)
"""
CHANGED = "select * replace (case when customer_id % 100 = 7 then 'changed' else name end as name) from ({rows})"
DOCUMENTS = """
select customer_id, name, list({{'number': number, 'film': film, 'fee': fee, 'rented_at': rented_at}} order by number) as rentals
from {rows} group by all
"""
PYMONGO = """
import sys, duckdb, pymongo
url, path = sys.argv[1:]
collection = pymongo.MongoClient(url).get_default_database().customer
found = duckdb.execute(f"from '{path}'")
names = [column[0] for column in found.description]
while rows := found.fetchmany(1000):
    documents = [dict(zip(names, row)) for row in rows]
    collection.bulk_write([pymongo.ReplaceOne({"_id": each["customer_id"]}, each, upsert=True) for each in documents], ordered=False)
"""


def service():
    output = subprocess.run([ROOT / "tests/services/mongodb.sh", "start"], check=True, capture_output=True, text=True).stdout
    return dict(line.split("=", 1) for line in output.splitlines())["MONGODB_URL"]


def write(folder, name, text):
    path = pathlib.Path(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


class Lochan:
    name = "lochan"

    def __init__(self, folder, url):
        self.folder = folder
        write(folder, "lochan.yaml", f"name: bench\nconnections: {{ drop: 'files:./drop', documents: '{url}' }}\n")
        write(folder, "sources/shop.yaml", "source: shop\nfrom: drop\ntables:\n  rental: { load: full, from: '*.parquet' }\n")
        write(folder, "models/mart/customer.sql", DOCUMENTS.format(rows="raw.rental"))
        write(folder, "sinks/documents.yaml",
              "sink: documents\nto: documents\ntables:\n  mart.customer: { write: upsert, key: customer_id }\n")

    def prepare(self, rows):
        shutil.rmtree(f"{self.folder}/drop", ignore_errors=True)
        os.mkdir(f"{self.folder}/drop")
        os.link(rows, f"{self.folder}/drop/{rows.name}")
        measure([LOCHAN, "run", "--exclude", "sink:documents"], self.folder)
        self.command = [LOCHAN, "run", "--select", "sink:documents"]


class PyMongo:
    name = "pymongo"

    def __init__(self, folder, url):
        self.folder, self.url = folder, url
        write(folder, "upsert.py", PYMONGO)

    def prepare(self, rows):
        duckdb.execute(f"copy ({DOCUMENTS.format(rows=repr(str(rows)))}) to '{self.folder}/{rows.name}'")
        rows = f"{self.folder}/{rows.name}"
        self.command = [sys.executable, "upsert.py", self.url, str(rows)]


def documents(client, database):
    return sorted((dict(each) for each in client[database].customer.find()), key=lambda each: each["_id"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    server = service()
    client = pymongo.MongoClient(server)
    costs = {}
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="lochan-mongodb-") as inputs:
            rows = ROWS.format(documents=options.documents)
            states = {"into nothing": rows, "1 % changed": CHANGED.format(rows=rows)}
            tools = []
            for tool in (Lochan, PyMongo):
                folder = pathlib.Path(inputs, tool.name)
                folder.mkdir()
                database = f"bench_{tool.name}"
                client.drop_database(database)
                tools.append((tool(str(folder), f"{server}/{database}"), database))
            for state, select in states.items():
                path = pathlib.Path(inputs, state.replace(" ", "_").replace("%", "percent") + ".parquet")
                duckdb.execute(f"copy ({select}) to '{path}'")
                for tool, database in tools:
                    tool.prepare(path)
                    costs.setdefault((state, tool.name), []).append(measure(tool.command, tool.folder))
                ours, theirs = (documents(client, database) for _, database in tools)
                if ours != theirs or len(ours) != options.documents:
                    sys.exit(f"{state}: the documents of the two differ")
    print(f"{options.documents} documents of ten nested elements; the documents of both are the same")
    lines = [["state", "tool", "seconds", "CPU s", "peak MB", "CPU, ratio", "time, ratio"]]
    for (state, tool), found in costs.items():
        ours = costs[state, "lochan"]
        ratio = sum(c.cpu for c in found) / sum(c.cpu for c in ours)
        time = sum(c.seconds for c in found) / sum(c.seconds for c in ours)
        lines.append([state, tool, spread([c.seconds for c in found]), spread([c.cpu for c in found]),
                      spread([c.peak_mb for c in found], 0), f"{ratio:.1f}x", f"{time:.1f}x"])
    print_table(lines)


if __name__ == "__main__":
    main()
