"""A lake that is served for a while, with schedules, living shops, tending, readers and alerts, and all that can happen to it.

  soak.py [--seconds N] [--seed S] [--calm] [--spoil WHAT]

`lochan serve` ticks every few seconds. Meanwhile its processes are killed and stopped at random, `serve` is restarted,
a shop's database is locked or goes away, and the disk is full for a while; DuckDB and PyIceberg read all along. Then all
is well again, and what must hold is looked at: every tick fired once or says why not, no row was lost or doubled, no
run is stuck, each alert came once, readers saw nothing but publications, nothing grew on and on, and a query takes as
long as it did at the start. `--spoil` spoils one of these by hand at the end: then it must fail.
"""
import argparse
import collections
import datetime
import http.server
import json
import os
import pathlib
import random
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

from shop_lake import Broken, LOCHAN, PROJECT, ShopLake, clean, fault_library, work_folder

PYTHON = os.environ.get("LOCHAN_PYTHON", sys.executable)  # that has duckdb and pyiceberg
TOKEN = "soak-token-0123456789"
TICK_SECONDS = 3
ENDS = {"succeeded", "failed", "cancelled", "skipped", "missed"}


def project(webhook):
    return PROJECT["lochan.yaml"].replace("publications: 0s, keep_publications: 3", "publications: 60s, keep_publications: 20, readers: 60s").replace(
        "run: {", "run: { publish: all,") + f"""\
serve: {{ token: {TOKEN} }}
schedules:
  - {{ name: shops, every: {TICK_SECONDS}s, late_after: 10m }}
  - {{ name: tend, command: maintain, every: 11s, while_running: skip }}
  - {{ name: told, select: [mart.revenue], after: [staging.sale] }}
alerts:
  - {{ name: hook, on: [failed, audit_failed, recovered, missed], webhook: "{webhook}", group: 1s, repeat: 1h }}
"""


class Hook:
    """Keeps the messages that alerts post."""

    def __init__(self):
        self.messages = messages = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                messages.append((self.headers.get("idempotency-key"), json.loads(body)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Serve:
    """`lochan serve` in a process of its own, restarted when asked."""

    def __init__(self, lake, environment):
        self.lake, self.environment, self.process, self.starts = lake, environment, None, 0
        # The same one all along: whoever is started anew must get it, whatever goes on.
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def start(self):
        self.starts += 1
        self.log = open(self.lake.folder.parent / "serve.out", "ab")
        self.process = subprocess.Popen([LOCHAN, "-C", str(self.lake.folder), "serve", "--port", str(self.port)], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, env={**os.environ, **self.environment},
                                        start_new_session=True)
        self.wait_until_ready()

    def wait_until_ready(self, timeout=120):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                said = pathlib.Path(self.log.name).read_text(errors="replace")
                if "in use" in said:
                    raise Broken(f"serve could not begin: {said[-500:]}")
                return  # a fault ended it: the next round starts it again
            try:
                address = json.loads((self.lake.folder / ".lochan/serve.json").read_text())
                if address["process"] == self.process.pid:
                    self.uri = address["uri"]
                    urllib.request.urlopen(self.uri + "/health", timeout=10).read()
                    return
            except (OSError, ValueError, KeyError):
                pass
            time.sleep(0.05)
        raise Broken(f"serve was not ready after {timeout} s; see {self.log.name}")

    def ensure(self):
        if self.process is None or self.process.poll() is not None:
            self.start()

    def signal(self, number):
        if self.process.poll() is None:
            os.kill(self.process.pid, number)

    def stop(self, timeout=120):
        self.signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Broken(f"serve did not stop within {timeout} s after SIGTERM") from None
        if code != 0:
            raise Broken(f"serve ended with exit code {code} after SIGTERM; see {self.log.name}")

    def memory(self):
        """Proportional set size, in MB."""
        with open(f"/proc/{self.process.pid}/smaps_rollup") as lines:
            return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


class Reader:
    """Another engine that reads main and publications all along, in a process of its own (soak_reader.py)."""

    def __init__(self, engine, lake):
        self.engine = engine
        self.out = lake.folder.parent / f"reader-{engine}.out"
        self.process = subprocess.Popen([PYTHON, "-B", str(pathlib.Path(__file__).with_name("soak_reader.py")), engine,
                                         str(lake.folder / ".lochan/serve.json"), TOKEN],
                                        stdin=subprocess.PIPE, stdout=open(self.out, "w"), stderr=subprocess.STDOUT)

    def end(self):
        self.process.stdin.close()  # asks it to end
        code = self.process.wait(120)
        said = self.out.read_text()
        if code != 0:
            raise Broken(f"reader {self.engine}: {said[-2000:]}")
        return int(said.split()[-1])


def processes_of(lake, *words):
    """The processes of `lochan` that work on the lake with these words in their command."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        texts = [part.decode(errors="replace") for part in command]
        if texts and texts[0].endswith("lochan") and str(lake.folder) in texts and all(word in texts for word in words):
            found.append(int(entry.name))
    return found


class Faults:
    """What happens to the lake, each for a moment."""

    def __init__(self, lake, serve, chooser, full_file):
        self.lake, self.serve, self.chooser, self.full_file = lake, serve, chooser, full_file
        self.done = collections.Counter()
        self.kinds = [self.kill_run, self.kill_run, self.stop_run, self.kill_serve, self.restart_serve, self.stop_serve,
                      self.lock_shop, self.lose_shop, self.fill_disk]

    def one(self):
        kind = self.chooser.choice(self.kinds)
        if kind() is not False:
            self.done[kind.__name__] += 1
        self.serve.ensure()

    def a_run(self):
        runs = processes_of(self.lake, "--tick")
        return self.chooser.choice(runs) if runs else None

    def kill_run(self):
        deadline = time.monotonic() + TICK_SECONDS
        while time.monotonic() < deadline:
            if run := self.a_run():
                time.sleep(self.chooser.uniform(0, 0.5))
                try:
                    os.kill(run, signal.SIGKILL)
                    return True
                except ProcessLookupError:
                    pass
            time.sleep(0.02)
        return False

    def stop_run(self):
        run = self.a_run()
        if run is None:
            return False
        return self.pause_process(run)

    def stop_serve(self):
        return self.pause_process(self.serve.process.pid)

    def pause_process(self, process):
        try:
            os.kill(process, signal.SIGSTOP)
            time.sleep(self.chooser.uniform(0.5, 3))
            os.kill(process, signal.SIGCONT)
        except ProcessLookupError:
            return False
        return True

    def kill_serve(self):
        self.serve.signal(signal.SIGKILL)
        self.serve.process.wait()
        time.sleep(self.chooser.choice([0, 0, 1.5 * TICK_SECONDS]))

    def restart_serve(self):
        self.serve.stop()

    def lock_shop(self):
        holder = sqlite3.connect(self.lake.folder / "shop_2.db", isolation_level=None, timeout=60)
        holder.execute("begin exclusive")
        time.sleep(self.chooser.uniform(1, TICK_SECONDS))
        holder.execute("rollback")
        holder.close()

    def lose_shop(self):
        with self.lake.selling:  # the seller must not make one anew
            shop, aside = self.lake.folder / "shop_2.db", self.lake.folder / "aside.db"
            shop.rename(aside)
            time.sleep(self.chooser.uniform(1, TICK_SECONDS))
            if shop.exists():
                raise Broken("a run made a database where one had been")
            aside.rename(shop)

    def fill_disk(self):
        self.full_file.touch()
        time.sleep(self.chooser.uniform(1, TICK_SECONDS))
        self.full_file.unlink()


class Seller:
    def __init__(self, lake):
        self.lake, self.stopping = lake, threading.Event()
        lake.selling = threading.Lock()
        self.failure = None
        self.thread = threading.Thread(target=self.sell)
        self.thread.start()

    def sell(self):
        try:
            while not self.stopping.wait(0.5):
                with self.lake.selling:
                    self.lake.trade(sales=4, updates=2)
        except Exception as failure:  # told at the end
            self.failure = failure

    def end(self):
        self.stopping.set()
        self.thread.join()
        if self.failure:
            raise Broken(f"the seller stopped: {self.failure}")


def ticks_of(lake, schedule):
    return json.loads(lake.must("schedule", "ticks", schedule, "--limit", "1000", "--output", "json"))["ticks"]


def wait_for(what, condition, timeout=300):
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.2)
    raise Broken(f"after {timeout} s: {what}")


def settle(lake, serve):
    """Everything that is due ends; one more tick loads what is left."""
    tick = json.loads(lake.must("schedule", "trigger", "shops", "--output", "json"))["tick"]

    def ended():
        serve.ensure()
        return next((entry for entry in ticks_of(lake, "shops") if entry["tick"] == tick and entry["state"] in ENDS), None)

    last = wait_for(f"tick {tick} has not ended", ended)
    if last["state"] != "succeeded":
        raise Broken(f"when all was well again, tick {tick} {last['state']}: {last['reason']}")
    for schedule in ("shops", "tend", "told"):
        lake.must("schedule", "pause", schedule)
    wait_for("ticks are open, although all schedules are paused",
             lambda: all(entry["state"] in ENDS for name in ("shops", "tend", "told") for entry in ticks_of(lake, name)))


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def must_have_ticked(lake, begin, end):
    """Each time of the calendar has one tick; each that did nothing says why; no run has two."""
    runs = collections.Counter()
    states = collections.Counter()
    for schedule in ("shops", "tend", "told"):
        for entry in ticks_of(lake, schedule):
            states[entry["state"]] += 1
            if entry["run"]:
                runs[entry["run"]] += 1
            if entry["state"] in ("skipped", "missed", "failed") and not entry["reason"]:
                raise Broken(f"tick {entry['tick']} is {entry['state']} and doesn't say why")
    twice = [run for run, count in runs.items() if count > 1]
    if twice:
        raise Broken(f"runs of two ticks: {twice}")
    due = collections.Counter(round(instant(entry["due_at"])) for entry in ticks_of(lake, "shops") if not entry["by_hand"])
    # Of each schedule the newest 1,000 are kept.
    first = max(begin, min(due)) if len(due) > 900 else begin
    calendar = range(-(-int(first) // TICK_SECONDS) * TICK_SECONDS, int(end), TICK_SECONDS)
    missing = [at for at in calendar if due[at] != 1]
    if missing:
        raise Broken(f"of {len(calendar)} times {len(missing)} have no tick, or two: {missing[:5]}")
    return states


def must_be_whole(lake):
    """What the tables hold is what the shops have; nothing was lost or doubled on the way."""
    lake.oracle.load(lake)
    found, expected = lake.contents(), lake.oracle.contents()
    for name in ("staging.product", "staging.sale", "mart.revenue", "mart.sales_by_month", "mart.biggest"):
        if found[name] != expected[name]:
            lost = collections.Counter(expected[name]) - collections.Counter(found[name])
            more = collections.Counter(found[name]) - collections.Counter(expected[name])
            raise Broken(f"{name}: {lost.total()} rows are missing {list(lost)[:2]}, {more.total()} too many {list(more)[:2]}")
    if len(found["raw.sale"]) != len(set(found["raw.sale"])) or len(found["raw.sale"]) != len(found["staging.sale_log"]):
        raise Broken("a version of a sale was loaded twice, or did not reach the log")
    # A run publishes once: all it has (`publish: all`). Tending publishes each table for itself.
    runs = lake.runs()
    published = collections.Counter(row[0] for row in state_of(
        lake, "select run from publication where run in (select run from run where command = 'run')"))
    if twice := [run for run, count in published.items() if run and count > 1]:
        raise Broken(f"runs that published twice: {twice}")
    stuck = [run["run"] for run in runs if run["state"] == "running"]
    if stuck:
        raise Broken(f"runs that never ended: {stuck}")

    # Publications grow too old meanwhile, one after the other.
    def is_tended():
        lake.maintain()
        return not lake.maintain("--dry-run")["removed_files"]
    wait_for("maintain leaves files that nothing needs", is_tended)


def must_have_told(lake, hook, states):
    """A message that was sent again has its old key: by the keys, each came once. So did what each of them tells."""
    wait_for("what happened still waits to be told", lambda: not state_of(
        lake, "select 1 from alert_event where message = 0 union all select 1 from alert_message where state in ('waiting', 'sending')"))
    by_key = {}
    for key, body in hook.messages:
        if key is None:
            raise Broken(f"a message without an idempotency key: {body}")
        if by_key.setdefault(key, body) != body:
            raise Broken(f"two messages with the key {key}")
    told = collections.Counter(tuple(event[name] for name in ("event", "run", "schedule", "at", "headline"))
                               for body in by_key.values() for event in body["events"])
    if twice := [event for event, count in told.items() if count > 1]:
        raise Broken(f"told twice: {twice[:5]}")
    if states["failed"] and not any(event[0] == "failed" for event in told):
        raise Broken(f"{states['failed']} ticks failed, and nobody was told")
    return len(by_key)


def state_of(lake, sql):
    return lake.place.ask_state(sql)


class Sizes:
    """What must stay flat: measured every now and then."""

    def __init__(self, lake, serve):
        self.lake, self.serve, self.samples = lake, serve, collections.defaultdict(list)

    def take(self):
        files = self.lake.files()
        self.samples["memory in MB"].append(self.serve.memory())
        self.samples["state in KB"].append(self.lake.place.state_bytes() / 1024)
        self.samples["files"].append(len(files))
        self.samples["largest metadata in KB"].append(
            max((size for name, size in files.items() if name.endswith(".metadata.json")), default=0) / 1024)

    def must_be_flat(self, seconds):
        for what, values in self.samples.items():
            # What stays for a minute and is tended every now and then needs some minutes to swing in.
            if (seconds < 600 and what != "memory in MB") or len(values) < 20:
                continue
            fifth = len(values) // 5
            early, late = max(values[fifth:2 * fifth]), statistics.median(values[-fifth:])
            slack = {"memory in MB": 10, "state in KB": 4000, "files": 100, "largest metadata in KB": 20}[what]
            if late > 1.3 * early + slack:
                raise Broken(f"{what} grew from {early:.0f} to {late:.0f}: {[round(value) for value in values[::max(1, fifth)]]}")

    def largest(self):
        return {what: round(max(values)) for what, values in self.samples.items()}


def query_seconds(lake):
    """The best of three: others may be busy."""
    def once():
        begin = time.monotonic()
        lake.query("select count(*), sum(quantity) from staging.sale")
        return time.monotonic() - begin
    return min(once() for _ in range(3))


def spoil(what, lake, hook):
    """Breaks one of the promises by hand."""
    if what == "row":
        lake.trade(sales=1)  # which nobody loads
    if what == "alert" and hook.messages:
        hook.messages.append(("another key", hook.messages[-1][1]))
    statements = {
        "tick": "delete from tick where number = (select min(number) from tick where schedule = 'shops' and by_hand = 0 and run > 0)",
        "reason": "update tick set state = 'missed', reason = '' where number = (select max(number) from tick where schedule = 'shops')",
        "publication": "update publication set run = (select max(run) from run where command = 'run' and state = 'succeeded') "
                       "where number >= (select max(number) - 3 from publication)",
    }
    if what in statements:
        if not lake.place.ask_state(statements[what] + " returning 1"):
            raise SystemExit(f"nothing to spoil: {what}")


def soak(options, folder):
    chooser = random.Random(options.seed)
    hook = Hook()
    full_file = folder / "full"
    lake = ShopLake(folder / "lake", options.seed).create({"lochan.yaml": project(hook.url)})
    lake.trade()
    lake.must("run")
    fast = query_seconds(lake)
    serve = Serve(lake, {"LD_PRELOAD": str(fault_library(folder)), "FAULT_FULL_WHILE": str(full_file)})
    serve.start()
    begin = time.time()
    seller = Seller(lake)
    readers = [Reader(engine, lake) for engine in ("duckdb", "pyiceberg")]
    faults = Faults(lake, serve, chooser, full_file)
    sizes = Sizes(lake, serve)
    try:
        while time.time() < begin + options.seconds:
            time.sleep(chooser.uniform(1, 2 * TICK_SECONDS))
            if not options.calm:
                faults.one()
            serve.ensure()
            sizes.take()
        seller.end()
        settle(lake, serve)
        end = time.time() - TICK_SECONDS
        reads = {reader.engine: reader.end() for reader in readers}
        spoil(options.spoil, lake, hook)
        states = must_have_ticked(lake, begin + TICK_SECONDS, end)
        must_be_whole(lake)
        told = must_have_told(lake, hook, states)
        sizes.must_be_flat(options.seconds)
        slow = query_seconds(lake)
        if slow > 2 * fast + 1:
            raise Broken(f"a query takes {slow:.2f} s; at the start it took {fast:.2f} s")
        serve.stop()
        if left := processes_of(lake):
            raise Broken(f"processes are left: {left}")
    finally:
        seller.stopping.set()
        for process in [serve.process, *(reader.process for reader in readers)]:
            if process.poll() is None:
                process.kill()
        for process in processes_of(lake):
            os.kill(process, signal.SIGKILL)
    print(f"{options.seconds} s: ticks {dict(states)}, faults {dict(faults.done)}, {serve.starts} starts of serve, "
          f"reads {reads}, {told} messages, at most {sizes.largest()}, a query {fast:.2f} s and then {slow:.2f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--calm", action="store_true", help="nothing happens to it")
    parser.add_argument("--spoil", choices=("row", "alert", "tick", "reason", "publication"), help="it must notice")
    options = parser.parse_args()
    folder = work_folder("soak")
    failures = 0
    try:
        soak(options, folder)
    except Broken as broken:
        print(f"FAILED: {broken}")
        failures = 1
    finally:
        clean(folder, failures)
    return failures


if __name__ == "__main__":
    sys.exit(main())
