"""A project with a running `lochan serve`, for the tests of this folder."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "support"))
from places import Place  # noqa: E402

LOCHAN = os.path.abspath(os.environ.get("LOCHAN_BIN", "build/release/lochan"))
TOKEN = "token-of-the-tests"
PATIENCE = 120  # seconds: these machines are shared

PROJECT = """\
name: kiosk
connections: {{ kiosk: sqlite:./kiosk.db }}
engine: {{ memory_limit: 128MB, threads: 2 }}
{more}
"""
SOURCE = """\
source: kiosk
from: kiosk
tables:
  sale: { load: incremental, cursor: id, key: id }
"""
MODEL = "select count(*) as sales, sum(amount) as amount from raw.sale\n"


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Server:
    """A project in a folder of its own. It isn't started by itself."""

    def __init__(self, more="serve: { token: ${LOCHAN_TOKEN:-} }", token=TOKEN):
        self.folder = tempfile.mkdtemp(prefix="lochan-serve-")
        self.token = token
        self.process = None
        self.uri = None
        self.place = Place(self.folder)
        self.write("lochan.yaml", PROJECT.format(more=more))
        self.write("sources/kiosk.yaml", SOURCE)
        self.write("models/mart/total.sql", MODEL)
        self.execute("create table sale(id integer primary key, amount integer)")
        self.sell(10)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text + self.place.lines() if name == "lochan.yaml" and self.place.is_elsewhere() and "lake:" not in text else text)

    def execute(self, sql):
        connection = sqlite3.connect(self.path("kiosk.db"), timeout=PATIENCE)
        with connection:
            connection.execute(sql)
        connection.close()

    def sell(self, rows):
        self.execute(f"with recursive n(i) as (select 1 union all select i + 1 from n where i < {rows}) "
                     "insert into sale(amount) select 5 from n")

    def environment(self):
        environment = dict(os.environ, LOCHAN_TOKEN=self.token)
        environment.pop("NOTIFY_SOCKET", None)
        return environment

    def lochan(self, *arguments):
        done = subprocess.run([LOCHAN, "-C", self.folder, *arguments], capture_output=True, text=True, env=self.environment(),
                              timeout=10 * PATIENCE, check=False)
        return done.returncode, done.stdout + done.stderr

    def start(self, *arguments, port=0, **environment):
        # What a server that was killed left behind is not the new one's address.
        if os.path.exists(self.path(".lochan/serve.json")):
            os.remove(self.path(".lochan/serve.json"))
        with open(self.path("console"), "a", encoding="utf-8") as console:
            self.process = subprocess.Popen([LOCHAN, "-C", self.folder, "serve", *(() if port is None else ("--port", str(port))), *arguments],
                                            env=dict(self.environment(), **environment), stdout=console, stderr=console)
        self.wait_for(lambda: self.process.poll() is not None or self._is_there())
        if self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}: {self.console()}")

    def _is_there(self):
        try:
            with open(self.path(".lochan/serve.json"), encoding="utf-8") as file:
                self.uri = json.load(file)["uri"]
            return self.get("/health")[0] == 200
        except (OSError, ValueError):
            return False

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE)

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.kill_runs()
        self.place.drop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill_runs(self):
        """They outlive their server."""
        if not self.place.schema and not os.path.exists(self.path(".lochan/state.db")):
            return
        if self.place.schema and not self.place.ask_state(f"select to_regclass('{self.place.schema}.run')")[0][0]:
            return
        for (process,) in self.place.ask_state("select process from run where state = 'running'"):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def ask(self, method, path, token=TOKEN, body=None, headers=()):
        """Status and document."""
        request = urllib.request.Request(self.uri + path, method=method, data=body, headers=dict(headers))
        if token:
            request.add_header("Authorization", "Bearer " + token)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            text = error.read()
            return error.code, json.loads(text) if text else None

    def get(self, path, **arguments):
        return self.ask("GET", path, **arguments)

    def log(self):
        with open(self.path(".lochan/logs/serve.log"), encoding="utf-8") as file:
            return file.read()

    def console(self):
        with open(self.path("console"), encoding="utf-8") as file:
            return file.read()

    def wait_for(self, condition, what="it"):
        deadline = time.monotonic() + PATIENCE
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f"{what} did not come: {self.console()}")
            time.sleep(0.05)


class ServeTest(unittest.TestCase):
    more = "serve: { token: ${LOCHAN_TOKEN:-} }"
    token = TOKEN

    def setUp(self):
        self.server = Server(self.more, self.token)
        self.addCleanup(self.server.close)
