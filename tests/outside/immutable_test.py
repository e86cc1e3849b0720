"""`immutable: true`: whatever command is run, no object of the layer is overwritten or removed."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

LOCHAN = os.path.abspath(os.environ.get("LOCHAN_BIN", "build/release/lochan"))
PROJECT = {
    "lochan.yaml": """name: kept
layers: { raw: { immutable: true }, kept: { immutable: true } }
connections: { drop: "files:./drop" }
retention: { publications: 1s, keep_publications: 1, failed_branches: 1s }
""",
    "sources/drop.yaml": """source: drop
from: [drop]
tables:
  log: { load: incremental, from: "log*.csv", checks: [{ range: { column: amount, min: 0, on_fail: quarantine } }] }
  thing: { load: full, from: "thing.csv", key: id }
  list: { load: full, from: "list.csv" }
""",
    "models/raw/seen.sql": "/* ---\nmaterialized: append\n--- */\nselect id::int as id from raw.log where $since is null or _loaded_at > $since",
    "models/kept/whole.sql": "select id::int as id, name from raw.thing",
    "models/kept/merged.sql": "/* ---\nmaterialized: incremental\nkey: id\n--- */\nselect id, name from raw.thing where $since is null or _loaded_at > $since\n"
                              "qualify row_number() over (partition by id order by _loaded_at desc) = 1",
    "models/mart/total.sql": "/* ---\nchecks:\n  - expression: sales <> 7\n--- */\nselect count(*) as sales from raw.log",
}

# Each command of the program as it could do harm. One that isn't here is called by its name alone.
COMMANDS = {
    "init": [["other_project"]],
    "run": [["--full-refresh"], ["--select", "layer:kept", "--full-refresh"], [], ["--branch", "dev-anna"], ["--select", "raw.seen", "--full-refresh"]],
    "build": [[]],
    "backfill": [["--select", "raw.seen", "--from", "2026-01-01", "--until", "2026-01-02"]],
    "replay": [["raw.log"]],
    "check": [[]],
    "query": [["select * from raw.log"], ["drop table raw.log"], ["delete from raw.log"]],
    "show": [["raw.log"]],
    "history": [[], ["--runs"]],
    "branch": [["create", "dev-eve"], ["drop", "dev-eve"]],
    "publish": [["dev-anna"]],
    "discard": [["dev-anna"], ["run-3"], ["run-4"]],
    "rollback": [["--to", "1"], ["1"]],
    "maintain": [["--dry-run"], ["--budget", "1TB"], []],
    "archive": [["list"], ["restore", "raw.log"]],
    "simulate": [["shop", "--fast", "--ticks", "1"]],
}


class Immutable(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lochan-immutable-"))
        self.addCleanup(shutil.rmtree, self.folder)
        for name, text in PROJECT.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.drops = 0

    def command(self, *arguments, seconds=90):
        try:
            return subprocess.run([LOCHAN, "-q", *arguments], cwd=self.folder, capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, timeout=seconds)
        except subprocess.TimeoutExpired:  # one that serves; it was killed
            return None

    def drop(self):
        """New rows, good and bad, and other things and lists: whatever is loaded has changed."""
        self.drops += 1
        drop = self.folder / "drop"
        drop.mkdir(exist_ok=True)
        (drop / f"log{self.drops}.csv").write_text(f"id,amount\n{self.drops},1\n{self.drops + 100},-1\n")
        (drop / "thing.csv").write_text(f"id,name\n1,a{self.drops}\n{self.drops + 1},b\n")
        (drop / "list.csv").write_text(f"name\nx{self.drops}\n")

    def objects(self):
        root = self.folder / "lake"
        return {path.relative_to(root): hashlib.sha256(path.read_bytes()).hexdigest()
                for layer in ("raw", "kept") for path in (root / layer).rglob("*") if path.is_file()}

    def assert_kept(self, before, what):
        now = self.objects()
        self.assertEqual([str(name) for name in before if name not in now], [], f"`{what}` removed")
        self.assertEqual([str(name) for name in before if now[name] != before[name]], [], f"`{what}` overwrote")
        return now

    def make_old(self):
        for path in (self.folder / "lake").rglob("*"):
            os.utime(path, (time.time() - 86400 * 30,) * 2)

    def test_every_command(self):
        for _ in range(6):
            self.drop()
            done = self.command("run")
            self.assertIn(done.returncode, (0, 1), done.stderr)
        self.command("branch", "create", "dev-anna")
        self.command("run", "--branch", "dev-anna")
        self.drop()  # the seventh is held back
        self.command("run")
        kept = self.objects()
        self.assertGreater(len(kept), 40)
        listed = self.command("--help").stdout
        names = re.findall(r"^  ([a-z]+)  +\S", listed, re.MULTILINE)
        self.assertTrue(set(COMMANDS) <= set(names), set(COMMANDS) - set(names))
        for name in names:
            for arguments in COMMANDS.get(name, [[]]):
                self.drop()
                self.make_old()
                self.command(name, *arguments, seconds=90 if name in COMMANDS else 10)
                kept = self.assert_kept(kept, " ".join([name, *arguments]))
        # And after all that what nothing can reach is removed elsewhere, and only there.
        self.make_old()
        time.sleep(1.1)
        done = self.command("maintain", "--output", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_kept(kept, "maintain")


if __name__ == "__main__":
    unittest.main()
