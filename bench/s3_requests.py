#!/usr/bin/env python3
"""Counts the requests and bytes that a lake on S3 costs: bench/s3_requests.py [TABLES [ROWS]]

Twenty tables of a SQLite shop are loaded into raw and each is carried on to a model; the server is tests/services/s3.sh, and a proxy
between counts. LOCHAN_BIN names the program. Prices are Amazon's of 2026 in us-east-1: 0.005 USD for 1,000 of PUT, POST and LIST,
0.0004 USD for 1,000 of GET and HEAD; DELETE is free.
"""

import collections
import http.client
import http.server
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAM = Path(os.environ.get("LOCHAN_BIN", HERE.parent / "build/release/lochan")).resolve()
BUCKET = "lochan-bench"
CHEAP = {"GET", "HEAD"}


class Counter(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, upstream):
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = upstream
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        self.requests = collections.Counter()
        self.up = self.down = 0

    def count(self, kind, up, down):
        with self.lock:
            self.requests[kind] += 1
            self.up += up
            self.down += down


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.connection.setsockopt(6, 1, 1)  # TCP_NODELAY
        self.upstream = http.client.HTTPConnection(self.server.upstream)

    def answer(self):
        size = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(size)
        # The host is signed: it stays the one that was asked.
        self.upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            self.upstream.putheader(name, value)
        self.upstream.endheaders(body or None)
        reply = self.upstream.getresponse()
        data = reply.read()
        is_list = self.command == "GET" and "list-type=2" in self.path
        self.server.count("LIST" if is_list else self.command, size, len(data))
        head = [f"HTTP/1.1 {reply.status} {reply.reason}"]
        skipped = {"transfer-encoding", "connection"} | (set() if self.command == "HEAD" else {"content-length"})
        head += [f"{name}: {value}" for name, value in reply.getheaders() if name.lower() not in skipped]
        if self.command != "HEAD":
            head.append(f"Content-Length: {len(data)}")
        self.wfile.write(("\r\n".join(head) + "\r\n\r\n").encode() + data)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

    def log_message(self, *arguments):
        pass


def service():
    lines = subprocess.run([HERE.parent / "tests/services/s3.sh", "start"], check=True, capture_output=True, text=True).stdout
    return dict(line.split("=", 1) for line in lines.splitlines())


def make_project(folder, tables, rows):
    (folder / "sources").mkdir()
    (folder / "models/mart").mkdir(parents=True)
    (folder / "lochan.yaml").write_text(
        f"name: bench\nlake: s3://{BUCKET}/{uuid.uuid4()}\nlayers: {{ raw: {{ immutable: true }} }}\nconnections: {{ shop: 'sqlite:shop.db' }}\n"
    )
    source = ["source: shop", "from: [shop]", "tables:"]
    with sqlite3.connect(folder / "shop.db") as shop:
        for i in range(tables):
            shop.execute(f"create table t{i}(id integer primary key, name text, changed_at integer)")
            shop.executemany(f"insert into t{i} values (?, ?, ?)", ((n, f"name {n}", n) for n in range(rows)))
            source.append(f"  t{i}: {{ load: incremental, cursor: changed_at, key: id }}")
            (folder / f"models/mart/m{i}.sql").write_text(f"select count(*) as n, max(name) as newest from raw.t{i}\n")
    (folder / "sources/shop.yaml").write_text("\n".join(source) + "\n")


def price_of(requests):
    """In USD."""
    return sum(number * (0.0000004 if kind in CHEAP else 0 if kind == "DELETE" else 0.000005) for kind, number in requests.items())


def main():
    tables = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    server = service()
    keys = server["S3_ACCESS_KEY_ID"], server["S3_SECRET_ACCESS_KEY"]
    counter = Counter(server["S3_ENDPOINT"].split("://")[1])
    threading.Thread(target=counter.serve_forever, daemon=True).start()
    make = ["curl", "-sS", "--noproxy", "*", "--user", ":".join(keys), "--aws-sigv4", "aws:amz:us-east-1:s3", "-X", "PUT"]
    subprocess.run([*make, f"{server['S3_ENDPOINT']}/{BUCKET}"], check=True, capture_output=True)
    environment = os.environ | {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{counter.server_address[1]}",
        "AWS_ACCESS_KEY_ID": keys[0],
        "AWS_SECRET_ACCESS_KEY": keys[1],
    }
    folder = Path(tempfile.mkdtemp(prefix="lochan-bench-"))
    print(f"{'':34} {'PUT':>5} {'POST':>5} {'LIST':>5} {'GET':>5} {'HEAD':>5} {'DEL':>5} {'sent':>9} {'received':>9} {'USD for 1,000':>14}")

    def measure(what, *arguments):
        counter.reset()
        done = subprocess.run([PROGRAM, *arguments], cwd=folder, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{what}: {done.stdout}{done.stderr}")
        count = counter.requests
        numbers = " ".join(f"{count[kind]:>5}" for kind in ("PUT", "POST", "LIST", "GET", "HEAD", "DELETE"))
        print(f"{what:34} {numbers} {counter.up / 1000:>6.0f} kB {counter.down / 1000:>6.0f} kB {price_of(count) * 1000:>14.2f}", flush=True)

    try:
        make_project(folder, tables, rows)
        measure(f"a first load of {tables} tables", "run")
        measure("a run with nothing new", "run")
        measure("a plan", "plan")
        with sqlite3.connect(folder / "shop.db") as shop:
            for i in range(tables):
                shop.execute(f"update t{i} set name = 'new', changed_at = {rows} where id = 1")
        measure(f"a row changed in each of {tables} tables", "run")
        with sqlite3.connect(folder / "shop.db") as shop:
            shop.execute(f"update t0 set name = 'newer', changed_at = {rows + 1} where id = 1")
        measure("a row changed in one of them", "run")
        measure("a query of one table", "query", "select count(*) from raw.t0")
        measure("tending", "maintain")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
