#!/usr/bin/env python3
"""The DVD rental under `lochan serve`: ten days of business, each with its coordinates, refresh, golden record and categories, and
after each the documents equal SQL at the source field by field. Then a view that doesn't refresh, serve and a run that are killed
in the middle of a refresh, and MongoDB gone: each time the golden record stays as it was, somebody is told, the run waits until a
person restarts it, and then all is there.

    served.py [URL]   a PostgreSQL server on which databases may be made; by default the tests' own is started

It works in a temporary folder, drops its database, and stops what it started. LOCHAN_BIN names another binary than build/release/lochan,
DEMO_DAYS another number of days, DEMO_KEEP=1 keeps the folder.
"""

import importlib.util
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LOCHAN = os.path.abspath(os.environ.get("LOCHAN_BIN", ROOT / "build/release/lochan"))
PATIENCE = 180  # seconds: the machine may be busy
DAYS = int(os.environ.get("DEMO_DAYS", 10))
CITIES_WITHOUT = 30  # of the sample
REFUSALS = ["--every-429", "7", "--every-500", "11"]


def fail(what):
    sys.exit(f"served.py: {what}")


def wait_for(what, holds):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        value = holds()
        if value:
            return value
        time.sleep(0.2)
    fail(f"waited in vain for {what}")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def fetch(url, data=None, certificate=None):
    context = ssl.create_default_context(cafile=certificate) if certificate else None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    return json.load(opener.open(urllib.request.Request(url, data=data), timeout=30))


def service(name, command, **environment):
    output = subprocess.run([ROOT / f"tests/services/{name}.sh", command], check=True, capture_output=True, text=True, env={**os.environ, **environment})
    return dict(line.split("=", 1) for line in output.stdout.splitlines() if "=" in line)


def is_running(name):
    return subprocess.run([ROOT / f"tests/services/{name}.sh", "status"], capture_output=True).returncode == 0


def become_a_python_with_pymongo():
    """That of the tests, where this one has none."""
    if importlib.util.find_spec("pymongo"):
        return
    python = subprocess.run([ROOT / "cmake/venv.sh"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    os.execv(python, [python, *sys.argv])


class Chat:
    """Takes what a webhook brings."""

    def __init__(self):
        self.taken = taken = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Rental:
    def __init__(self, server):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lochan-dvd-served-"))
        self.project = self.folder / "project"
        self.name = f"lochan_dvd_served_{os.getpid()}"
        self.started = [name for name in ["smtp"] + ([] if server else ["postgres"]) if not is_running(name)]
        self.server = server or service("postgres", "start")["POSTGRES_URL"]
        self.url = f"{self.server.rsplit('/', 1)[0]}/{self.name}"
        self.mail = service("smtp", "start")
        # One of its own, to be stopped.
        self.mongo = {"LOCHAN_SERVICES": str(self.folder / "services"), "MONGODB_PORT": str(free_port())}
        self.mongodb_url = service("mongodb", "start", **self.mongo)["MONGODB_URL"] + "/" + self.name
        self.chat = Chat()
        self.geocoder = subprocess.Popen([sys.executable, HERE / "geocoder.py", "--port", "0", "--unknown", "6", *REFUSALS], stdout=subprocess.PIPE, text=True)
        self.geocoder_url = self.geocoder.stdout.readline().strip()
        self.serving = None
        self.environment = {
            **os.environ, "OLD_URL": self.url, "NEW_URL": self.url, "MONGODB_URL": self.mongodb_url, "GEOCODER_URL": self.geocoder_url,
            "SMTP_URL": "smtp://" + self.mail["SMTP_PLAIN"], "ALERT_TO": f"{self.name}@example.com", "ALERT_GROUP": "1s",
            "CHAT_URL": self.chat.url, "REFRESH_RETRY_DELAY": "1s", "REFRESH_EVERY": "7d", "LOCHAN_BIN": LOCHAN, "PGTZ": "UTC",
        }
        self.psql("create database " + self.name, self.server)
        self.lochan("-q", "init", "dvd_rental", self.project, folder=self.folder)
        settings = self.project / "lochan.yaml"
        settings.write_text(settings.read_text().replace("# - { name: chat", "- { name: chat"))
        self.lochan("-q", "simulate", "dvd_rental", "--connection", "new")

    def clean_up(self):
        for process in [self.serving, self.geocoder]:
            if process and process.poll() is None:
                process.terminate()
                process.wait()
        service("mongodb", "stop", **self.mongo)
        self.psql(f"drop database if exists {self.name} with (force)", self.server)
        for name in self.started:
            service(name, "clean")
        if os.environ.get("DEMO_KEEP"):
            print("kept in", self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- programs ---------------------------------------------------------------------------------------------------------

    def lochan(self, *words, folder=None, may_fail=False):
        done = subprocess.run([LOCHAN, *words], cwd=folder or self.project, env=self.environment, capture_output=True, text=True)
        if done.returncode and not may_fail:
            fail(f"lochan {' '.join(map(str, words))}: {done.stdout}{done.stderr}")
        return done.stdout

    def psql(self, sql, url=None):
        done = subprocess.run(["psql", "-X", "-At", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql, url or self.url], capture_output=True, text=True)
        if done.returncode:
            fail(f"psql: {done.stderr}")
        return done.stdout.strip()

    def serve(self):
        self.serving = subprocess.Popen([LOCHAN, "serve", "--port", "0", "--stop-runs"], cwd=self.project, env=self.environment,
                                        stdout=subprocess.DEVNULL, stderr=open(self.folder / "serve.out", "a"))

    def compare(self):
        done = subprocess.run([sys.executable, HERE / "compare.py", self.url, self.mongodb_url], capture_output=True, text=True)
        if done.returncode:
            fail(f"the golden record: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    # --- schedules --------------------------------------------------------------------------------------------------------

    def ticks(self, schedule):  # the newest first
        return json.loads(self.lochan("schedule", "ticks", schedule, "--output", "json"))["ticks"]

    def trigger(self, schedule):
        return json.loads(self.lochan("schedule", "trigger", schedule, "--output", "json"))["tick"]

    def log_of(self, tick):
        return (self.project / f".lochan/logs/run-{tick['run']}.log").read_text() if tick["run"] else ""

    def ended(self, key, wanted="succeeded"):
        schedule = key.split("@")[0]

        def found():
            tick = next((tick for tick in self.ticks(schedule) if tick["tick"] == key), None)
            return tick if tick and tick["state"] not in ("due", "held", "running") else None

        tick = wait_for(f"{key} to end", found)
        if tick["state"] != wanted:
            fail(f"{key} has {tick['state']}, wanted {wanted}: {tick['reason']}\n{self.log_of(tick)[-3000:]}")
        return tick

    def do(self, schedule, wanted="succeeded"):
        return self.ended(self.trigger(schedule), wanted)

    def do_either(self, schedule):
        """It may fail."""
        key = self.trigger(schedule)
        return wait_for(f"{key} to end", lambda: next((tick for tick in self.ticks(schedule) if tick["tick"] == key and tick["ended_at"]), None))

    def followed(self, schedule, since, wanted="succeeded"):
        """The newest tick that is not older than `since`, once it is in that state."""

        def found():
            newest = self.ticks(schedule)[:1]
            if not newest or newest[0]["due_at"] < since or newest[0]["state"] in ("due", "running"):
                return None
            if newest[0]["state"] != wanted and newest[0]["state"] not in ("held", "succeeded"):
                fail(f"{schedule} {newest[0]['state']}, wanted {wanted}: {newest[0]['reason']}\n{self.log_of(newest[0])[-3000:]}")
            return newest[0] if newest[0]["state"] == wanted else None

        return wait_for(f"{schedule} to be {wanted}", found)

    def refresh_all(self):
        """A refresh, and what comes after it by itself."""
        begun = self.do("refresh")
        record = self.followed("golden_record", begun["due_at"])
        self.followed("categories", record["due_at"])

    def is_told(self, *texts):
        mails = fetch(self.mail["SMTP_TAKEN"] + "/messages", certificate=self.mail["SMTP_CERTIFICATE"])
        mailed = [m["subject"] + m["text"] for m in mails if self.environment["ALERT_TO"] in m["to"]]
        posted = [m["subject"] + m["text"] for m in list(self.chat.taken)]
        return all(any(all(text in message for text in texts) for message in messages) for messages in (mailed, posted))

    def restart_by_hand(self):
        """What a person does: the refresh, again. The golden record that waited begins."""
        held = self.followed("golden_record", "", "held")
        self.do("refresh")
        record = self.ended(held["tick"])
        self.followed("categories", record["started_at"])

    # --- coordinates ------------------------------------------------------------------------------------------------------

    def asked(self):
        return fetch(self.geocoder_url + "/_counts")

    def missing(self):
        return int(self.psql("select count(*) from dvd_rental.city where longitude is null or latitude is null"))

    def documents_without_place(self):
        import pymongo
        with pymongo.MongoClient(self.mongodb_url) as client:
            return client.get_default_database()["customers"].count_documents({"$or": [{"longitude": None}, {"latitude": None}]})


def ten_days(rental):
    unknown = rental.psql("select city from dvd_rental.city where longitude is null order by 1").splitlines()
    if len(unknown) != CITIES_WITHOUT:
        fail(f"{len(unknown)} cities without coordinates, wanted {CITIES_WITHOUT}")
    before = rental.psql("select md5(string_agg(city_id || ' ' || longitude || ' ' || latitude, ',' order by city_id)) from dvd_rental.city where longitude is not null")
    places = rental.psql("select city_id from dvd_rental.city where longitude is not null order by 1").replace("\n", ",")
    asked_before, left = {}, CITIES_WITHOUT
    for day in range(1, DAYS + 1):
        if day == DAYS:
            fetch(rental.geocoder_url + "/_learn", data=b"")
        rental.do("business")
        rental.do("coordinates")
        names = rental.asked()["names"]
        new = {name: count - asked_before.get(name, 0) for name, count in names.items() if count > asked_before.get(name, 0)}
        # The plan of a table that was never loaded asks for one, to know its columns.
        again = [name for name, count in new.items() if count != 1]
        if len(new) != left or not set(new) <= set(unknown) or len(again) > (day == 1):
            fail(f"day {day}: {left} cities were without coordinates, and asked for were {new}")
        asked_before, left = names, rental.missing()
        rows = rental.psql("select string_agg(c::text, '|' order by city_id) from dvd_rental.city c")
        if day in (1, DAYS):  # fetched twice
            tick = rental.do("coordinates")
            if rental.asked()["names"] != names or rental.psql("select string_agg(c::text, '|' order by city_id) from dvd_rental.city c") != rows:
                fail(f"day {day} was fetched twice: {rental.log_of(tick)}")
        rental.refresh_all()
        print(f"day {day:2}: {len(new):2} cities asked for, {left:2} still unknown; {rental.compare()}", flush=True)
        if day == 1 and not 0 < left < CITIES_WITHOUT:
            fail(f"the API knew {CITIES_WITHOUT - left} of {CITIES_WITHOUT} cities: nothing is left for the next days, or all")
        if day == 1 and not rental.documents_without_place():
            fail("no customer lives in a city that the API didn't know: nothing was shown")
    counts = rental.asked()
    if left or rental.documents_without_place():
        fail(f"{left} cities are without coordinates at the end")
    if counts["too_early"] or not {"429", "500"} <= set(counts["statuses"]):
        fail(f"the API: {counts}")
    after = rental.psql(f"select md5(string_agg(city_id || ' ' || longitude || ' ' || latitude, ',' order by city_id)) from dvd_rental.city where city_id in ({places})")
    if after != before:
        fail("coordinates that were there have changed")
    check_places(rental, unknown)
    print(f"the API was asked {sum(counts['statuses'].values())} times, with {counts['statuses']}; nothing was asked for twice a day")


def check_places(rental, cities):
    """What the API says, place by place."""
    for city in cities:
        found = []
        while not found:  # it refuses some
            try:
                found = fetch(f"{rental.geocoder_url}/v1/search?name={urllib.parse.quote(city)}")["results"]
            except urllib.error.HTTPError:
                time.sleep(0.1)
        place = next(place for place in found if place["name"] == city)
        name = city.replace("'", "''")
        there = rental.psql(f"select longitude, latitude from dvd_rental.city where city = '{name}'").split("|")
        if [float(value) for value in there] != [place["longitude"], place["latitude"]]:
            fail(f"{city} lies at {place}, and the city has {there}")


def last_name(rental, customer):
    import pymongo
    with pymongo.MongoClient(rental.mongodb_url) as client:
        return client.get_default_database()["customers"].find_one({"_id": customer})["last_name"]


def view_that_does_not_move(rental):
    model = rental.project / "models/v_dvd_rental/customers_mv.sql"
    sound = model.read_text()
    model.write_text(sound.replace("clock_timestamp()::timestamp", "timestamp '2026-01-01'"))
    rental.psql("update dvd_rental.customer set last_name = 'Unseen' where customer_id = 7")
    # The first refresh makes the view by its new code, or still by its old one. Then it doesn't move.
    stuck = None
    for _ in range(5):
        stuck = rental.do_either("refresh")
        if stuck["state"] == "failed":
            break
        rental.followed("golden_record", stuck["due_at"])
    log = rental.log_of(stuck)
    tries = len(re.findall("attempt [0-9] failed, next in 1000 ms: NotAllViewsRefreshed", log))
    if stuck["state"] != "failed" or tries != 3:
        fail(f"the refresh {stuck['state']} after {tries} failed tries:\n{log}")
    held = rental.followed("golden_record", stuck["due_at"], "held")
    wait_for("mail and chat", lambda: rental.is_told("NotAllViewsRefreshed", "v_dvd_rental.customers_mv"))
    wait_for("the golden record to be as it was", lambda: rental.ticks("golden_record")[0]["state"] == "held")
    rental.psql("update dvd_rental.customer set last_name = 'Stopped' where customer_id = 8")
    again = rental.do("refresh", "failed")
    if rental.ticks("golden_record")[0]["tick"] != held["tick"] or last_name(rental, 8) == "Stopped":
        fail("the golden record didn't wait")
    model.write_text(sound)
    # The model is as it was; whoever looks after it starts the refresh again.
    wait_for("the refresh to succeed", lambda: rental.do_either("refresh")["state"] == "succeeded")
    record = rental.ended(held["tick"])
    rental.followed("categories", record["started_at"])
    if last_name(rental, 8) != "Stopped":
        fail("the golden record is not complete")
    wait_for("mail and chat", lambda: rental.is_told("well again", "v_dvd_rental.customers_mv"))
    print(f"a view that didn't refresh: NotAllViewsRefreshed, tried {tries + 1} times, twice (runs {stuck['run']} and {again['run']}); `{held['reason']}`;\n"
          f"        told by mail and webhook; restarted by hand, {rental.compare()}", flush=True)


def killed_in_the_refresh(rental):
    # What keeps a refresh waiting, and neither a plan nor a reader.
    on_view = "relation = 'v_dvd_rental.customers_mv'::regclass"

    def locked():
        lock = subprocess.Popen(["psql", "-X", "-q", "-c", "begin; comment on materialized view v_dvd_rental.customers_mv is 'held'; select pg_sleep(600)", rental.url],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("the lock", lambda: rental.psql(f"select count(*) from pg_locks where {on_view} and granted and mode = 'ShareUpdateExclusiveLock'") != "0")
        tick = rental.trigger("refresh")
        wait_for("the refresh to wait", lambda: rental.psql(f"select count(*) from pg_locks where {on_view} and not granted") != "0")
        return lock, tick

    def unlock(lock):
        rental.psql(f"select pg_terminate_backend(pid) from pg_locks where {on_view} and granted and mode = 'ShareUpdateExclusiveLock'")
        lock.wait()

    rental.psql("update dvd_rental.customer set last_name = 'Served' where customer_id = 9")
    lock, tick = locked()
    rental.serving.kill()
    rental.serving.wait()
    rental.serve()
    unlock(lock)
    begun = rental.ended(tick)
    record = rental.followed("golden_record", begun["due_at"])
    rental.followed("categories", record["due_at"])
    print(f"serve killed in the middle of a refresh: its run went on, {rental.compare()}", flush=True)

    rental.psql("update dvd_rental.customer set last_name = 'Survived' where customer_id = 10")
    lock, tick = locked()
    run = next(t for t in rental.ticks("refresh") if t["tick"] == tick)["run"]
    holder = process_of(rental.project, tick)
    os.kill(holder, signal.SIGKILL)
    unlock(lock)
    crashed = rental.ended(tick, "failed")
    held = rental.followed("golden_record", crashed["due_at"], "held")
    wait_for("mail and chat", lambda: rental.is_told(f"run {run}", "died"))
    if last_name(rental, 10) == "Survived":
        fail("the golden record didn't wait")
    rental.restart_by_hand()
    if last_name(rental, 10) != "Survived":
        fail("the golden record is not complete")
    print(f"the refresh killed: `{crashed['reason']}`; `{held['reason']}`; restarted by hand, {rental.compare()}", flush=True)


def process_of(project, tick):
    """The run's process: serve started it with the tick's name."""
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().decode().split("\0")
        except OSError:
            continue
        if tick in words and str(project) in words:
            return int(entry.parent.name)
    fail(f"no process runs {tick}")


def without_mongodb(rental):
    rental.psql("update dvd_rental.customer set last_name = 'Waited' where customer_id = 11")
    service("mongodb", "stop", **rental.mongo)
    begun = rental.do("refresh")
    failed = rental.followed("golden_record", begun["due_at"], "failed")
    wait_for("mail and chat", lambda: rental.is_told("sink:golden_record", "failed"))
    service("mongodb", "start", **rental.mongo)
    begun = rental.do("refresh")
    held = rental.followed("golden_record", begun["due_at"], "held")
    rental.lochan("schedule", "release", "golden_record")
    record = rental.ended(held["tick"])
    if last_name(rental, 11) != "Waited":
        fail("the golden record is not complete")
    if rental.ticks("categories")[0]["state"] == "held":
        rental.lochan("schedule", "release", "categories")
    rental.followed("categories", failed["due_at"])
    wait_for("mail and chat", lambda: rental.is_told("well again", "sink:golden_record"))
    print(f"MongoDB gone: run {failed['run']} failed, `{held['reason']}`; released by hand (run {record['run']}), {rental.compare()}", flush=True)


def main():
    if not os.access(LOCHAN, os.X_OK):
        fail(f"there is no {LOCHAN}: run `make build` first")
    become_a_python_with_pymongo()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rental = Rental(sys.argv[1] if len(sys.argv) > 1 else None)
    try:
        rental.serve()
        ten_days(rental)
        view_that_does_not_move(rental)
        killed_in_the_refresh(rental)
        without_mongodb(rental)
        print(f"proved: under serve the golden record equals SQL at the source after each of {DAYS} days, waits for a person when a refresh "
              "failed or crashed, and is complete once it is started again")
    finally:
        rental.clean_up()


if __name__ == "__main__":
    main()
