#!/usr/bin/env python3
"""What a large lake on S3 costs in metadata, commits and tending: bench/s3_terabyte.py [FILES…]

For each number of data files (200 and 800 by default) a table partitioned by day with so many, of twelve columns; the files are small,
as nothing that is counted here depends on their size. Then a day is added, a query asks for one day, the lake is tended, and copied. The
server is tests/services/s3.sh, with a proxy between that counts (s3_requests.py). LOCHAN_BIN names the program.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import uuid
from pathlib import Path

from s3_requests import BUCKET, PROGRAM, Counter, price_of, service

COLUMNS = ", ".join(f"id * {i} as c{i}" for i in range(1, 10))


def make_project(folder, files):
    for place in ("sources", "models/mart"):
        (folder / place).mkdir(parents=True)
    (folder / "lochan.yaml").write_text(
        f"name: bench\nlake: s3://{BUCKET}/{uuid.uuid4()}\nconnections: {{ shop: 'sqlite:shop.db' }}\n"
        "retention: { publications: 0s, keep_publications: 1, failed_branches: 0s }\n")
    (folder / "sources/shop.yaml").write_text(
        "source: shop\nfrom: [shop]\ntables:\n  sale: { load: incremental, cursor: id, key: id }\n")
    (folder / "models/mart/sale.sql").write_text(
        "/* ---\nmaterialized: append\npartition_by: [dt]\n--- */\n"
        f"select id, name, date '2000-01-01' + id::integer as dt, {COLUMNS} from raw.sale where $since is null or _loaded_at > $since\n")
    with sqlite3.connect(folder / "shop.db") as shop:
        shop.execute("create table sale(id integer primary key, name text)")
        shop.executemany("insert into sale values (?, ?)", ((n, f"name {n}") for n in range(files)))


def bench(files, counter, environment):
    folder = Path(tempfile.mkdtemp(prefix="lochan-bench-"))

    def lochan(*arguments):
        counter.reset()
        done = subprocess.run([PROGRAM, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def measure(what, *arguments):
        said = lochan(*arguments)
        numbers = " ".join(f"{counter.requests[kind]:>5}" for kind in ("PUT", "POST", "LIST", "GET", "HEAD", "DELETE"))
        print(f"{files:>6} files: {what:34} {numbers} {counter.up / 1000:>8.0f} kB {counter.down / 1000:>8.0f} kB "
              f"{price_of(counter.requests) * 1000:>10.2f}", flush=True)
        return said

    try:
        make_project(folder, files)
        measure("the first load", "run")
        with sqlite3.connect(folder / "shop.db") as shop:
            shop.execute("insert into sale values (?, 'new')", (files,))
        measure("a day is added", "run")
        measure("a plan", "plan")
        measure("a query of one day", "query", "select count(*) from mart.sale where dt = date '2000-01-08'")
        measure("a query of all days", "query", "select sum(c1) from mart.sale")
        measure("tending", "maintain")
        copies = f"s3://{BUCKET}/{uuid.uuid4()}"
        measure("a first copy (replicate)", "replicate", copies)
        with sqlite3.connect(folder / "shop.db") as shop:
            shop.execute("insert into sale values (?, 'newer')", (files + 1,))
        lochan("run")
        said = json.loads(measure("a copy after a day was added", "replicate", copies, "--output", "json"))
        print(f"{files:>6} files: {said['files']} files in the copy, {said['bytes'] / 1e6:.1f} MB")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    sizes = [int(text) for text in sys.argv[1:]] or [200, 800]
    server = service()
    keys = server["S3_ACCESS_KEY_ID"], server["S3_SECRET_ACCESS_KEY"]
    counter = Counter(server["S3_ENDPOINT"].split("://")[1])
    threading.Thread(target=counter.serve_forever, daemon=True).start()
    make = ["curl", "-sS", "--noproxy", "*", "--user", ":".join(keys), "--aws-sigv4", "aws:amz:us-east-1:s3", "-X", "PUT"]
    subprocess.run([*make, f"{server['S3_ENDPOINT']}/{BUCKET}"], check=True, capture_output=True)
    environment = os.environ | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{counter.server_address[1]}", "AWS_ACCESS_KEY_ID": keys[0],
                                "AWS_SECRET_ACCESS_KEY": keys[1]}
    print(f"{'':48} {'PUT':>5} {'POST':>5} {'LIST':>5} {'GET':>5} {'HEAD':>5} {'DEL':>5} {'sent':>11} {'received':>11} {'USD/1,000':>10}")
    for files in sizes:
        bench(files, counter, environment)


if __name__ == "__main__":
    main()
