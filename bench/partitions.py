#!/usr/bin/env python3
"""The same queries on one table twice: partitioned by day, and flat. Counts the files and the bytes that each reads.

    bench/partitions.py [--rows 1000000] [--days 100] [--write docs/partitions.md]
    bench/partitions.py --project DIR --tables PARTITIONED FLAT [--sum amount]

Or the tables of a project of yours that is built, with a column `dt`, on S3 too: the queries are of its own days, and it is an error
when one of a day reads more than half as many bytes of the partitioned table as of the other. LOCHAN_BIN names the program
(build/release/lochan by default). Files are told by the engine (`explain analyze`). Bytes are told by the kernel (`rchar` of the process
at its end), or of a lake on S3 by a proxy that counts what the server sends; less those of the same statement explained, which reads no
data.
"""

import argparse
import csv
import io
import datetime
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCHAN = Path(os.environ.get("LOCHAN_BIN", ROOT / "build" / "release" / "lochan")).resolve()
FIRST_DAY = datetime.date(2026, 1, 1)
TABLES = {"dt= partitions": "mart.sale_by_day", "flat": "mart.sale_flat"}

PROJECT = {
    "lochan.yaml": "name: partitions\nlake: ./lake\nstate: sqlite:.lochan/state.db\nconnections:\n  files: files:./data\n",
    "sources/files.yaml": "source: files\nfrom: [files]\ntables:\n  sale: { load: full, from: 'sale.csv' }\n",
    "models/mart/sale_by_day.sql": "/* ---\npartition_by: [dt]\n--- */\nselect id, day as dt, shop, product, cast(amount as decimal(10,2)) as amount from raw.sale\n",
    "models/mart/sale_flat.sql": "select id, day as dt, shop, product, cast(amount as decimal(10,2)) as amount from raw.sale\n",
}


def queries(days):
    day = lambda n: FIRST_DAY + datetime.timedelta(days=n)
    return {
        "one day": f"where dt = date '{day(days // 2)}'",
        "seven days": f"where dt >= date '{day(days - 7)}'",
        "one product, all days": "where product = 'product 7'",
        "everything": "",
    }


def write_project(folder, rows, days):
    for name, text in PROJECT.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "data").mkdir()
    chance = random.Random(7)
    with open(folder / "data" / "sale.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "day", "shop", "product", "amount"])
        for i in range(rows):  # as shops send them: not in the order of days
            day = FIRST_DAY + datetime.timedelta(days=chance.randrange(days))
            writer.writerow([i, day, f"shop {chance.randrange(40)}", f"product {chance.randrange(200)}",
                             f"{chance.randrange(1, 20000) / 100:.2f}"])


COUNTER = None  # of a lake on S3: what is between Lochan and the server


def run(folder, *arguments):
    """What it printed, and the bytes that the process read."""
    if COUNTER:
        COUNTER.reset()
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen([LOCHAN, *arguments], cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        ended = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        read = int(re.search(r"rchar: (\d+)", Path(f"/proc/{child.pid}/io").read_text()).group(1))
        child.wait()
        output.seek(0)
        text = output.read().decode()
    if ended.si_status != 0:
        sys.exit(f"lochan {' '.join(arguments)} failed:\n{text}")
    return text, COUNTER.down if COUNTER else read


def measure(folder, table, where, column="amount"):
    sql = f"select count(*), sum({column}) from {table} {where}"
    plan, _ = run(folder, "query", "explain analyze " + sql)
    files = re.search(r"Total Files Read: *(\d+)", plan)
    _, without = run(folder, "query", "explain " + sql)
    answer, read = run(folder, "query", "--output", "csv", sql)
    return {"answer": answer.splitlines()[-1], "files": int(files.group(1)) if files else None, "bytes": max(read - without, 0)}


def human(count):
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000


def lake_files(folder, table):
    data = folder / "lake" / table.replace(".", "/") / "data"
    sizes = [file.stat().st_size for file in data.rglob("*.parquet")]
    return len(sizes), sum(sizes)


def page(folder, rows, days, measured):
    lines = [
        "# Partitions: what a query reads",
        "",
        f"One table of {rows:,} sales over {days} days, twice: `mart.sale_by_day` with `partition_by: [dt]`, and",
        "`mart.sale_flat` without. The rows come in no order of days. The same queries on both, with the files that the",
        "engine opened (`lochan query \"explain analyze …\"`) and the bytes of data that the process read.",
        "",
        "| table | files | size |",
        "|---|---:|---:|",
    ]
    for name, table in TABLES.items():
        count, size = lake_files(folder, table)
        lines.append(f"| {name} | {count} | {human(size)} |")
    lines += ["", "| query | " + " | ".join(f"{name}: files | read" for name in TABLES) + " |",
              "|---|" + "---:|---:|" * len(TABLES)]
    for query, sides in measured.items():
        cells = " | ".join(f"{side['files']} | {human(side['bytes'])}" for side in sides.values())
        lines.append(f"| {query} | {cells} |")
    lines += [
        "",
        "A condition on the partition's column leaves whole files out before one is opened: the manifests say which days a",
        "file has. Without it every file is opened, and of many small ones that costs more than of a few large ones: each is",
        "a footer to read, and on S3 a request or two. So partition by what queries ask for, and so that a partition is tens",
        "of megabytes; `lochan maintain` joins small files of a partition, and cannot join two partitions.",
        "",
        "A model says it in its front matter, `partition_by: [dt]` or an Iceberg transform, `[day(sold_at)]`; raw tables are",
        "partitioned by the day they were loaded on.",
        "",
        "This page is written by a command, with the figures of the machine that it ran on:",
        "",
        "    bench/partitions.py --write docs/partitions.md",
        "",
        "`bench/partitions.py --project DIR --tables PARTITIONED FLAT` asks the same of two tables of a project of yours, on S3 too;",
        "`examples/volt/demo.sh` does that.",
        "",
    ]
    return "\n".join(lines)


def count_requests():
    """From now on what Lochan asks of S3 goes through a proxy that counts."""
    import threading

    import s3_requests
    global COUNTER
    COUNTER = s3_requests.Counter(os.environ["AWS_ENDPOINT_URL_S3"].split("://")[1])
    threading.Thread(target=COUNTER.serve_forever, daemon=True).start()
    os.environ["AWS_ENDPOINT_URL_S3"] = f"http://127.0.0.1:{COUNTER.server_address[1]}"


def lines_of(folder, sql):
    return list(csv.reader(io.StringIO(run(folder, "query", "--output", "csv", sql)[0])))[1:]


def measure_project(folder, tables, column):
    """A table of what each query reads of both tables."""
    if os.environ.get("AWS_ENDPOINT_URL_S3", "").startswith("http://"):
        count_requests()
    first, days, middle, week = lines_of(folder, f"select min(dt), count(distinct dt), quantile_disc(dt, 0.5), max(dt) - 6 from {tables[0]}")[0]
    asked = {
        "one day": f"where dt = date '{middle}'",
        "the last seven days": f"where dt >= date '{week}'",
        "everything": "",
    }
    rows = lines_of(folder, f"select count(*) from {tables[0]}")[0][0]
    print(f"{rows} rows of {days} days from {first} on, in partitions by `dt` ({tables[0]}) and without ({tables[1]})")
    print(f"\n| query | partitions: files | {'bytes from S3' if COUNTER else 'bytes read'} | without: files | bytes |\n|---|---:|---:|---:|---:|")
    measured = {}
    for query, where in asked.items():
        sides = [measure(folder, table, where, column) for table in tables]
        if sides[0]["answer"] != sides[1]["answer"]:
            sys.exit(f"{query}: the tables answer differently: {sides[0]['answer']} and {sides[1]['answer']}")
        print(f"| {query} | " + " | ".join(f"{side['files']} | {human(side['bytes'])}" for side in sides) + " |", flush=True)
        measured[query] = sides
    partitioned, flat = measured["one day"]
    if partitioned["bytes"] * 2 > flat["bytes"] or partitioned["files"] >= measured["everything"][0]["files"]:
        sys.exit("a query of one day reads no less with partitions than without")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=100)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--project", type=Path)
    parser.add_argument("--tables", nargs=2, metavar=("PARTITIONED", "FLAT"))
    parser.add_argument("--sum", default="amount", help="a column with numbers")
    options = parser.parse_args()
    if bool(options.project) != bool(options.tables):
        parser.error("--project goes with --tables")
    if options.project:
        return measure_project(options.project, options.tables, options.sum)
    with tempfile.TemporaryDirectory(prefix="lochan-partitions-") as name:
        folder = Path(name)
        write_project(folder, options.rows, options.days)
        run(folder, "-q", "run")
        measured = {}
        for query, where in queries(options.days).items():
            measured[query] = {side: measure(folder, table, where) for side, table in TABLES.items()}
            answers = {side["answer"] for side in measured[query].values()}
            if len(answers) != 1:
                sys.exit(f"{query}: the tables answer differently: {answers}")
        text = page(folder, options.rows, options.days, measured)
    if options.write:
        options.write.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
