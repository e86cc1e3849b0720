#!/usr/bin/env python3
"""Runs over a lake on S3 while the way there fails: busy answers, lost answers, cut and slow connections, killed runs.

    tests/campaign/s3_faults.py [--rounds 20] [--seed 1]

A proxy stands between Lochan (its own requests and the engine's) and tests/services/s3.sh. After each round, with the faults
switched off, the lake must hold what the source holds: no version lost, none twice, and a run with nothing new says so.
"""
import argparse
import http.client
import http.server
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCHAN = os.environ.get("LOCHAN_BIN", str(ROOT / "build/release/lochan"))
BUCKET = "lochan-faults"
TABLES = 4
BUSY = b"<Error><Code>SlowDown</Code><Message>reduce your request rate</Message></Error>"


class Faults(http.server.ThreadingHTTPServer):
    """Passes requests on. `share` of them go wrong, each in one of four ways."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, upstream, seed):
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream, self.random, self.share, self.done = upstream, random.Random(seed), 0.0, 0

    def handle_error(self, request, client_address):
        pass  # a client that was killed


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def cut(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def send(self, status, reason, headers, body):
        head = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
        self.wfile.write(("\r\n".join(head) + "\r\n\r\n").encode() + body)

    def answer(self):
        faults = self.server
        fault = faults.random.choice(["busy", "lost", "cut", "slow"]) if faults.random.random() < faults.share else ""
        faults.done += fault != ""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if fault == "busy":
            return self.send(503, "Slow Down", [("Content-Type", "application/xml"), ("Content-Length", len(BUSY))],
                             b"" if self.command == "HEAD" else BUSY)
        if fault == "cut":
            return self.cut()
        if fault == "slow":
            time.sleep(0.5)
        upstream = http.client.HTTPConnection(faults.upstream)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            upstream.putheader(name, value)  # the host too: it is signed
        upstream.endheaders(body or None)
        reply = upstream.getresponse()
        data = reply.read()
        if fault == "lost":  # it was done, and nobody is told
            return self.cut()
        skipped = {"transfer-encoding", "connection"} | (set() if self.command == "HEAD" else {"content-length"})
        headers = [(name, value) for name, value in reply.getheaders() if name.lower() not in skipped]
        if self.command != "HEAD":
            headers.append(("Content-Length", len(data)))
        self.send(reply.status, reply.reason, headers, data)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

    def log_message(self, *arguments):
        pass


class Lake:
    def __init__(self, folder, environment):
        self.folder, self.environment = folder, environment
        (folder / "sources").mkdir()
        (folder / "models/mart").mkdir(parents=True)
        (folder / "lochan.yaml").write_text(
            f"name: faults\nlake: s3://{BUCKET}/{uuid.uuid4()}\nconnections: {{ shop: 'sqlite:shop.db' }}\n"
            "layers: { raw: { immutable: true } }\nrun: { retry_delay: 10ms, retries: 1 }\n"
            "retention: { publications: 0s, keep_publications: 2, failed_branches: 0s }\n")
        tables = "".join(f"  t{i}: {{ load: incremental, cursor: version, key: id }}\n" for i in range(TABLES))
        (folder / "sources/shop.yaml").write_text("source: shop\nfrom: [shop]\ntables:\n" + tables)
        for i in range(TABLES):
            (folder / f"models/mart/m{i}.sql").write_text(
                "/* ---\nmaterialized: incremental\nkey: id\n--- */\n"
                f"select id, version from raw.t{i} where $since is null or _loaded_at > $since\n"
                "qualify row_number() over (partition by id order by version desc) = 1\n")
        self.versions = {i: [] for i in range(TABLES)}  # every version that some run saw
        self.next = 0
        with sqlite3.connect(folder / "shop.db") as shop:
            for i in range(TABLES):
                shop.execute(f"create table t{i}(id integer primary key, version integer)")

    def trade(self, rng):
        with sqlite3.connect(self.folder / "shop.db") as shop:
            for i in range(TABLES):
                for key in rng.sample(range(50), rng.randrange(1, 8)):
                    self.next += 1
                    shop.execute(f"insert or replace into t{i} values (?, ?)", (key, self.next))

    def run(self, *arguments, kill_after=None):
        process = subprocess.Popen([LOCHAN, *arguments], cwd=self.folder, env=self.environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        try:
            output, _ = process.communicate(timeout=kill_after or 300)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            output, _ = process.communicate()
        return process.returncode, output

    def must(self, *arguments):
        code, output = self.run(*arguments)
        if code != 0:
            sys.exit(f"lochan {' '.join(arguments)} ended with {code}: {output}")
        return output

    def rows(self, sql):
        return [tuple(row.values()) for row in json.loads(self.must("query", "--output", "json", sql))]

    def check(self):
        with sqlite3.connect(self.folder / "shop.db") as shop:
            for i in range(TABLES):
                wanted = sorted(shop.execute(f"select id, version from t{i}").fetchall())
                got = sorted((int(a), int(b)) for a, b in self.rows(f"select id, version from mart.m{i}"))
                if got != wanted:
                    sys.exit(f"mart.m{i} holds {got}, wanted {wanted}")
                twice = self.rows(f"select id, version, count(*) as n from raw.t{i} group by all having n > 1")
                if twice:
                    sys.exit(f"raw.t{i} holds versions twice: {twice}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=0.08, help="of requests that go wrong")
    options = parser.parse_args()
    told = subprocess.run([ROOT / "tests/services/s3.sh", "start"], check=True, capture_output=True, text=True).stdout
    server = dict(line.split("=", 1) for line in told.splitlines())
    keys = server["S3_ACCESS_KEY_ID"], server["S3_SECRET_ACCESS_KEY"]
    make = ["curl", "-sS", "--noproxy", "*", "--user", ":".join(keys), "--aws-sigv4", "aws:amz:us-east-1:s3", "-X", "PUT"]
    subprocess.run([*make, f"{server['S3_ENDPOINT']}/{BUCKET}"], check=True, capture_output=True)
    faults = Faults(server["S3_ENDPOINT"].split("://")[1], options.seed)
    threading.Thread(target=faults.serve_forever, daemon=True).start()
    rng = random.Random(options.seed)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lochan-s3-faults-"))
    lake = Lake(folder, os.environ | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{faults.server_address[1]}",
                                      "AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1]})
    ended = {"done": 0, "failed": 0, "killed": 0}
    try:
        for number in range(options.rounds):
            lake.trade(rng)
            faults.share = options.share
            kill_after = rng.uniform(0.2, 3) if rng.random() < 0.4 else None
            code, output = lake.run("-q", "run", kill_after=kill_after)
            ended["done" if code == 0 else "killed" if code < 0 else "failed"] += 1
            if "internal" in output.lower():
                sys.exit(f"round {number}: {output}")
            if rng.random() < 0.3:
                lake.run("-q", "maintain")
            faults.share = 0.0
            lake.must("-q", "run")
            lake.check()
            if "nothing to do" not in lake.must("-q", "run"):
                sys.exit(f"round {number}: a run with nothing new had something to do")
        # What was written in the last seconds is left for the next time: the server's clock is coarse.
        for attempt in range(30):
            lake.must("-q", "maintain")
            left = json.loads(lake.must("maintain", "--dry-run", "--output", "json"))["removed_files"]
            if not left:
                break
            time.sleep(1)
        else:
            sys.exit(f"tending leaves {left}")
        lake.check()
        print(f"{options.rounds} rounds, {faults.done} faults: {ended}; nothing lost, nothing twice")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
