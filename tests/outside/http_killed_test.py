"""A load of 200 pages from an API, killed in the middle: the next run asks for what is missing, and for nothing twice."""
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request

LOCHAN = os.environ["LOCHAN_BIN"]
PROJECT = "name: volt\nconnections:\n  volt: '{url}'\n"
SOURCE = """
source: volt
from: volt
tables:
  orders:
    load: full
    key: id
    request:
      path: {style}/orders
      records: data
      pagination: {pagination}
"""
PAGINATIONS = {
    "cursor": "{by: cursor, at: meta.next_cursor, size: 100, size_param: limit}",
    "page": "{by: page_number, total: meta.total, size: 100, size_param: limit}",
}


class Killed(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="lochan-http-")
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        (self.path / "sources").mkdir()
        self.api = subprocess.Popen([LOCHAN, "simulate", "api", "--port", "0", "--orders", "20000", "--delay", "3", "--tick-interval", "0"],
                                    stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.stop_api)
        self.url = next(word.rstrip(":") for word in self.api.stderr.readline().split() if word.startswith("http://"))
        (self.path / "lochan.yaml").write_text(PROJECT.format(url=self.url))

    def stop_api(self):
        self.api.send_signal(signal.SIGINT)
        self.api.wait(60)
        self.api.stderr.close()

    def counts(self):
        with urllib.request.urlopen(self.url + "/_counts") as answer:
            return json.load(answer)

    def lochan(self, *words):
        return subprocess.run([LOCHAN, "-C", self.path, *words], capture_output=True, text=True, timeout=240)

    def kill_after(self, requests):
        run = subprocess.Popen([LOCHAN, "-C", self.path, "run"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 120
        while self.counts()["requests"] < requests:
            self.assertLess(time.monotonic(), end, "the API was not asked")
            self.assertIsNone(run.poll(), "the run ended before it was killed")
            time.sleep(0.005)
        run.kill()
        run.wait()

    def test_nothing_is_asked_for_twice(self):
        for style, pagination in PAGINATIONS.items():
            with self.subTest(style):
                (self.path / "sources/volt.yaml").write_text(SOURCE.format(style=style, pagination=pagination))
                before = self.counts()["requests"]
                self.kill_after(before + 50)
                self.kill_after(before + 120)
                run = self.lochan("run")
                self.assertEqual(run.returncode, 0, run.stderr)
                # One look at the first page for its columns by the first plan of all; of each kill what was on its way.
                on_the_way = 2 * (1 if style == "cursor" else 4) + 1
                self.assertLessEqual(self.counts()["requests"] - before, 200 + on_the_way + 2)
                rows = self.lochan("query", "--output", "json", "select count(*) as n, count(distinct id) as ids from raw.orders").stdout
                self.assertIn("20000", rows)
                self.assertNotIn("error", rows)


if __name__ == "__main__":
    unittest.main()
