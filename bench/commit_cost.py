"""What a commit costs: runs of a few tiny incremental models over one table, in milliseconds, requests, files and bytes.

A run with many models against one with a single model says what one more table costs in a run.
"""
import os
import pathlib
import sqlite3
import statistics
import sys

from measure import measure, spread
from thousand_models import write

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/campaign"))
from shop_lake import fault_library  # noqa: E402  (it counts HTTP requests)

MODEL = """\
/* ---
materialized: incremental
key: [id]
--- */
select id, amount from raw.payment where $since is null or _loaded_at > $since
qualify row_number() over (partition by id order by _loaded_at desc) = 1
"""


def prepare(folder, models):
    write(folder, "lochan.yaml", "name: commits\nlake: ./lake\nconnections: { bank: 'sqlite:./bank.db' }\n")
    write(folder, "sources/bank.yaml",
          "source: bank\nfrom: [bank]\ntables:\n  payment: { load: incremental, cursor: id, key: id }\n")
    for i in range(models):
        write(folder, f"models/mart/payment_{i:02}.sql", MODEL)
    with sqlite3.connect(pathlib.Path(folder, "bank.db")) as database:
        database.execute("create table payment(id integer primary key, amount integer)")


def pay(folder, rows):
    database = sqlite3.connect(pathlib.Path(folder, "bank.db"))
    database.executemany("insert into payment(amount) values (?)", [(i,) for i in range(rows)])
    database.commit()
    database.close()


def files(folder):
    found = [path for path in pathlib.Path(folder, "lake").rglob("*") if path.is_file()]
    return len(found), sum(path.stat().st_size for path in found)


def run_once(folder, library):
    pay(folder, 10)
    count, size = files(folder)
    counts = pathlib.Path(folder, "counts")
    cost = measure([os.environ["LOCHAN_BIN"], "run"], folder, {"LD_PRELOAD": str(library), "FAULT_COUNT_FILE": str(counts)})
    now, bytes_now = files(folder)
    writes, requests = (int(word) for word in counts.read_text().split()[1::2])
    return {"ms": cost.seconds * 1000, "cpu ms": cost.cpu * 1000, "requests": requests, "writes": writes,
            "files": now - count, "KB": (bytes_now - size) / 1024}


def bench(folder, rounds):
    """Lines of a table: what a run with one model costs, and one more model in the same run."""
    few, many = 1, 11
    library = fault_library(folder)
    rows = {few: [], many: []}
    for models in rows:
        os.makedirs(pathlib.Path(folder, str(models)))
        prepare(pathlib.Path(folder, str(models)), models)
        for _ in range(3):
            run_once(pathlib.Path(folder, str(models)), library)
    for _ in range(rounds):
        for models, measured in rows.items():
            measured.append(run_once(pathlib.Path(folder, str(models)), library))
    names = list(rows[few][0])
    lines = [["a commit", ""] + names]
    lines.append(["a run: 1 source table, 1 model", ""] + [spread([row[name] for row in rows[few]], 0) for name in names])
    more = [statistics.median((row[name] for row in rows[many])) - statistics.median((row[name] for row in rows[few]))
            for name in names]
    lines.append(["each further model in it", ""] + [f"{value / (many - few):.1f}" for value in more])
    return lines
