#!/usr/bin/env python3
"""A lake that ticks a thousand times with tending on a schedule: files, bytes of metadata and state, and the time of a merge and
of a query stay what they were.

    bench/tending.py                   100 ticks; LOCHAN_BIN names the program
    bench/tending.py --ticks 1000      the long form
    bench/tending.py --every 20        tends after so many ticks

A tick is what a schedule starts: a shop's sales change, `lochan run` loads and merges them. Times are of the processes (user
and system CPU), so a busy machine tells the same. Printed are the means of the first and of the last tenth of the ticks, and their ratio.
The first tenth begins when the lake has been tended twice, as an empty one says nothing.
"""

import argparse
import json
import os
import pathlib
import random
import resource
import sqlite3
import subprocess
import tempfile

LOCHAN = os.environ.get("LOCHAN_BIN", "build/release/lochan")
PRODUCTS, SALES = 200, 20_000

PROJECT = {
    "lochan.yaml": """\
name: bench
connections: { shop: sqlite:./shop.db }
retention: { publications: 0s, keep_publications: 3, failed_branches: 0s }
""",
    "sources/shop.yaml": """\
source: shop
from: shop
tables:
  sale: { load: incremental, cursor: at, key: id }
""",
    "models/staging/sale.sql": """\
/* ---
materialized: incremental
key: id
--- */
select id, product, n from raw.sale where $since is null or _loaded_at > $since
qualify row_number() over (partition by id order by _loaded_at desc) = 1
""",
    "models/mart/product.sql": "select product, count(*) as sales, sum(n) as pieces from staging.sale group by product\n",
}
QUERY = "select p.product, p.pieces, count(*) from mart.product p join staging.sale s using (product) group by all order by all limit 3"


class Shop:
    def __init__(self, path):
        self.database = sqlite3.connect(path)
        self.random = random.Random(7)
        self.clock = 0
        self.database.execute("create table sale(id integer primary key, product integer, n integer, at integer)")
        self.change(range(SALES))

    def change(self, ids):
        self.clock += 1
        self.database.executemany("insert or replace into sale values (?, ?, ?, ?)",
                                  [(i, self.random.randrange(PRODUCTS), self.random.randrange(9), self.clock) for i in ids])
        self.database.commit()

    def trade(self):
        """The same number of rows each time, so that nothing grows but what rots."""
        self.change(self.random.sample(range(SALES), 50))


def spent(folder, *arguments):
    """CPU seconds of a command, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([LOCHAN, "-C", str(folder), *arguments], check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, done.stdout


def size(folder, wanted=lambda path: True):
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file() and wanted(path)]
    return len(sizes), sum(sizes)


def tick(folder, shop):
    shop.trade()
    run, said = spent(folder, "run", "--output", "json")
    merge = next(step["seconds"] for step in json.loads(said)["steps"] if step["step"] == "staging.sale")
    query, _ = spent(folder, "query", QUERY)
    return {"run, CPU s": run, "merge, s": merge, "query, CPU s": query}


def look(folder):
    """Of files that are main's, those of raw.sale apart: it is a log, and grows with what is loaded."""
    lake = folder / "lake"
    files, _ = size(lake, lambda path: path.suffix == ".parquet" and "raw" not in path.parts)
    metadata_files, metadata = size(lake, lambda path: "metadata" in path.parts)
    _, state = size(folder / ".lochan", lambda path: path.name.startswith("state.db"))
    return {"data files": files, "metadata files": metadata_files, "metadata, kB": metadata / 1e3, "state, kB": state / 1e3}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ticks", type=int, default=100)
    parser.add_argument("--every", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for file, text in PROJECT.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text)
        shop = Shop(folder / "shop.db")
        spent(folder, "run")
        ticks, tended = [], []
        for number in range(1, options.ticks + 2 * options.every + 1):
            measured = tick(folder, shop)
            if number > 2 * options.every:
                ticks.append(measured)
            if number % options.every == 0:
                seconds, _ = spent(folder, "maintain")
                if number > 2 * options.every:
                    tended.append({"maintain, CPU s": seconds} | look(folder))
        print(f"{options.ticks} ticks of 50 changed sales of {SALES}, tended after each {options.every}")
        print(f"{'':<18} {'first tenth':>12} {'last tenth':>12} {'ratio':>7}")
        for rows in (ticks, tended):
            tenth = max(1, len(rows) // 10)
            for kind in rows[0]:
                first, last = (sum(row[kind] for row in part) / tenth for part in (rows[:tenth], rows[-tenth:]))
                print(f"{kind:<18} {first:12.3f} {last:12.3f} {last / first if first else 1:7.2f}")


if __name__ == "__main__":
    main()
