"""Two shops sell ever faster while Lochan loads, checks and publishes them without a pause: how long from the commit at the
shop to the publication, how much goes through, and where it saturates, on what.

  bench/shop_load.sh [--rates 10,50,100,200] [--seconds 20] [--server URL | --sqlite] [--output FOLDER]

A rate is sales a second over both shops; a sale has 2.3 items and one in five rows is updated later. Each rate begins with a
fresh project of examples/fruit_shop and fresh shops. Writes report.md, samples.json, latency.svg and cpu.svg.
"""
import argparse
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from measure import Failed
from shop_load_meter import Meter, postmaster
from shop_load_report import draw, write_report

ROOT = pathlib.Path(__file__).resolve().parents[1]
TICK = 0.2  # seconds
TICK_LINE = re.compile(r"^(\S+)Z\s+info\s+(\w+): tick \d+ at (\S+ \S+); ")


def lochan(folder, environment, *arguments):
    done = subprocess.run([os.environ["LOCHAN_BIN"], *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"lochan {' '.join(arguments)}: exit {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout


def start_server():
    """(URL, process number) of the tests' PostgreSQL."""
    said = subprocess.run([ROOT / "tests/services/postgres.sh", "start"], capture_output=True, text=True)
    if said.returncode != 0:
        raise Failed(said.stderr)
    return dict(line.split("=", 1) for line in said.stdout.split())["POSTGRES_URL"]


def databases(server, number):
    """Two fresh ones, by the variables that the example's connections have."""
    urls = {}
    for name in ("branch_1", "branch_2"):
        database = f"lochan_load_{number}_{name}"
        for sql in (f"drop database if exists {database} with (force)", f"create database {database}"):
            subprocess.run(["psql", "-X", "-q", "-c", sql, server], check=True, stderr=subprocess.DEVNULL)
        urls[f"{name.upper()}_URL"] = f"{server.rsplit('/', 1)[0]}/{database}"
    return urls


def settings(rate):
    sales = max(1, round(rate * TICK / 2))
    return {"TICK_INTERVAL_SEC": str(TICK), "SALE_ROWS_PER_TICK": str(sales), "SALE_ITEM_ROWS_PER_TICK": str(max(sales, round(2.3 * sales))),
            "CUSTOMER_ROWS_PER_TICK": "1", "UPDATE_ROWS_PER_TICK": str(max(1, round(sales * 3.3 / 5)))}


class Shops:
    """The simulator in the background; its CPU seconds are known when it has ended."""

    def __init__(self, folder, environment, seconds, log):
        command = [os.environ["LOCHAN_BIN"], "--quiet", "simulate", "shop", "--config", "simulate.yaml", "--stop-after", str(seconds),
                   "--log-file", log]
        self.process, self.cpu = subprocess.Popen(command, cwd=folder, env=environment), None

    def have_closed(self, wait=False):
        if self.cpu is None:
            pid, status, usage = os.wait4(self.process.pid, 0 if wait else os.WNOHANG)
            if pid:
                self.process.returncode = os.waitstatus_to_exitcode(status)
                self.cpu = usage.ru_utime + usage.ru_stime
        return self.cpu is not None

    def close(self):
        if not self.have_closed():
            self.process.send_signal(signal.SIGTERM)
            self.have_closed(wait=True)


def runs_until(folder, environment, shops, meter):
    """`lochan run` again and again while the shops live, and once more when they have closed: (CPU seconds, runs) of the first."""
    cpu, count, is_last = 0.0, 0, False
    while not is_last:
        is_last = shops.have_closed()
        with open(folder / "run.log", "w") as log:
            run = subprocess.Popen([os.environ["LOCHAN_BIN"], "run"], cwd=folder, env=environment, stdout=log, stderr=log)
            _, status, usage = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
        if run.returncode != 0:
            raise Failed(f"lochan run: exit {run.returncode}\n{(folder / 'run.log').read_text()[-2000:]}")
        if not is_last:
            cpu += usage.ru_utime + usage.ru_stime
            count += 1
            meter.look()  # what is measured ends with the shops; the last run only empties them
    return cpu, count


def utc(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc).timestamp()


def latencies(folder, environment, log):
    """For each sale made meanwhile: (when its tick was committed, seconds from there to its publication)."""
    committed = {}
    for line in log.read_text().splitlines():
        if found := TICK_LINE.match(line):
            committed[found[2], found[3]] = utc(found[1])
    history = json.loads(lochan(folder, environment, "history", "--output", "json", "--limit", "100000"))
    published = {str(one["run"]): utc(one["at"].rstrip("Z")) for one in history["publications"]}
    rows = lochan(folder, environment, "query", "--output", "csv",
                  "select _source, strftime(created_at::timestamp, '%Y-%m-%d %H:%M:%S.%f'), min(_run) from raw.sale group by _source, id, created_at")
    found = []
    for line in rows.splitlines()[1:]:
        source, created_at, run = line.replace('"', "").split(",")
        if at := committed.get((source, created_at)):
            found.append((at, published[run] - at))
    return sorted(found)


def measure_rate(top, number, rate, seconds, server):
    folder = top / f"rate-{number}"
    lochan(top, os.environ, "init", "fruit_shop", folder)
    environment = {**os.environ, **(databases(server, number) if server else {}), **settings(rate)}
    lochan(folder, environment, "--quiet", "simulate", "shop", "--config", "simulate.yaml", "--fast", "--ticks", "20")
    lochan(folder, environment, "run")
    log = folder / "shops.log"
    meter = Meter(postmaster(server))
    shops = Shops(folder, environment, seconds, log)
    try:
        cpu, count = runs_until(folder, environment, shops, meter)
    finally:
        shops.close()
    found = latencies(folder, environment, log)
    if not found:
        raise Failed(f"at {rate} sales a second nothing was loaded")
    shutil.rmtree(folder)
    return summary(rate, found, meter.figures(cpu, shops.cpu), count)


def summary(rate, found, cost, runs):
    waits = sorted(wait for _, wait in found)
    span = found[-1][0] - found[0][0]
    third = max(1, len(found) // 3)
    early, late = (statistics.median(wait for _, wait in part) for part in (found[:third], found[-third:]))
    return {"rate": rate, "sold": len(found) / max(span, TICK), "published": len(found) / (found[-1][0] + found[-1][1] - found[0][0]),
            "p50": waits[len(waits) // 2], "p95": waits[int(len(waits) * 0.95)], "max": waits[-1], "early": early, "late": late,
            "runs": runs, "falls_behind": late > 1.5 * early + 1, "shops_too_slow": len(found) / max(span, TICK) < 0.9 * rate,
            **cost, "points": [(round(at - found[0][0], 2), round(wait, 2)) for at, wait in found[::max(1, len(found) // 400)]]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", default="10,50,100,200,400")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--server", help="a PostgreSQL; by default the tests' own is started")
    parser.add_argument("--sqlite", action="store_true", help="the shops are SQLite files")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "build/shop_load")
    options = parser.parse_args()
    top = pathlib.Path(tempfile.mkdtemp(prefix="lochan-load."))
    try:
        server = None if options.sqlite else options.server or start_server()
        results = []
        for number, rate in enumerate(map(float, options.rates.split(","))):
            results.append(measure_rate(top, number, rate, options.seconds, server))
            print("{rate:g} sales/s: p50 {p50:.2f} s, p95 {p95:.2f} s, max {max:.2f} s".format(**results[-1]), file=sys.stderr, flush=True)
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / "samples.json").write_text(json.dumps(results))
        draw(results, options.output)
        print(write_report(results, options.output, "SQLite files" if options.sqlite else "PostgreSQL databases", options.seconds))
    except Failed as why:
        sys.exit(f"shop_load: {why}")
    finally:
        shutil.rmtree(top, ignore_errors=True)


if __name__ == "__main__":
    main()
