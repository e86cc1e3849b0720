"""Commands that write tables: with PyIceberg and DuckDB, on the run's branch, audited and published as others are."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

BIN = os.path.abspath(os.environ.get("LOCHAN_BIN", "build/release/lochan"))
PATIENCE = 300  # seconds, for machines that are busy with other things

PYICEBERG = """
import os, sys
import pyarrow as pa
from pyiceberg.catalog import load_catalog

lake = load_catalog("lake", type="rest", uri=os.environ["LOCHAN_CATALOG_URI"], token=os.environ["LOCHAN_TOKEN"],
                    warehouse=os.environ["LOCHAN_WAREHOUSE"])

def put(name, rows):
    if lake.table_exists(name):
        lake.load_table(name).overwrite(rows)
    else:
        lake.create_table(name, schema=rows.schema).append(rows)
"""


class Programs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="lochan-programs-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.write("lochan.yaml", "name: programs\nrun: { retry_delay: 1ms }\n")
        self.write("models/mart/number.sql", "select range as n from range(3)")
        self.write("models/mart/twice.sql", "select n, n * 2 as twice from mart.doubled")

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(textwrap.dedent(text))

    def command(self, program, settings="", columns="{ n: BIGINT }"):
        self.write("program.py", PYICEBERG + textwrap.dedent(program))
        self.write(
            "commands/double.yaml",
            f"command: double\nrun: [{sys.executable!r}, program.py]\ninputs: mart.number\n"
            f"outputs:\n  mart.doubled: {{ columns: {columns} }}\n{settings}\n",
        )

    def lochan(self, *arguments, code=0):
        done = subprocess.run([BIN, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def rows(self, query):
        return self.lochan("query", query, "--output", "csv").split()[1:]

    WELL = 'put("mart.doubled", lake.load_table("mart.number").scan().to_arrow())'

    def test_what_a_program_writes_is_built_on_and_published_with_the_rest(self):
        self.command(self.WELL)
        self.assertIn("published 3 tables as publication 1", self.lochan("run", "--quiet"))
        self.assertEqual(self.rows("select twice from mart.twice order by n"), ["0", "2", "4"])
        self.assertIn("nothing to do", self.lochan("run", "--quiet"))
        self.write("models/mart/number.sql", "select range + 5 as n from range(2)")
        self.lochan("run", "--quiet")
        self.assertEqual(self.rows("select twice from mart.twice order by n"), ["10", "12"])

    def test_it_runs_again_when_its_program_changed(self):
        self.command(self.WELL)
        self.lochan("run", "--quiet")
        self.command(self.WELL + "\n# a remark")
        self.assertIn("its settings or files changed", self.lochan("plan"))
        # The same rows in a new snapshot: for all that is known, they moved.
        self.assertIn("published", self.lochan("run", "--quiet"))

    def test_a_table_that_is_not_declared_is_refused(self):
        self.command(self.WELL + '\nput("mart.other", pa.table({"n": [1]}))')
        said = self.lochan("run", "--quiet", code=1)
        self.assertIn("this token may not write `mart.other`", said)
        self.assertIn("ForbiddenError", said)
        self.assertEqual(self.rows("select count(*) from mart.number"), ["3"])
        self.assertIn("no table", subprocess.run([BIN, "show", "mart.other"], cwd=self.folder, capture_output=True, text=True).stderr)

    def test_a_model_of_the_project_is_refused_too(self):
        self.command(self.WELL + '\nlake.load_table("mart.number").overwrite(pa.table({"n": [1]}))')
        self.assertIn("mart.number", self.lochan("run", "--quiet", code=1))
        self.assertEqual(self.rows("select count(*) from mart.number"), ["3"])

    def test_an_output_that_was_not_written_fails_the_step(self):
        self.command("pass")
        self.assertIn("it ended well and hasn't written `mart.doubled`", self.lochan("run", "--quiet", code=1))
        self.assertEqual(self.rows("select count(*) from mart.number"), ["3"])

    def test_other_columns_than_were_declared_fail_the_step(self):
        self.command('put("mart.doubled", pa.table({"m": ["x"]}))')
        said = self.lochan("run", "--quiet", code=1)
        self.assertIn("it wrote `mart.doubled` with the columns m VARCHAR; its file says n BIGINT", said)

    def test_a_failed_check_holds_its_output_back(self):
        self.command(self.WELL, columns="{ n: BIGINT }, checks: [ { expression: n > 0 } ]")
        said = self.lochan("run", "--quiet", code=1)
        self.assertIn("held back mart.doubled", said)
        self.assertIn("held back mart.twice", said)
        self.assertEqual(self.rows("select count(*) from mart.number"), ["3"])

    def test_an_attempt_begins_with_what_was_there_before_the_first(self):
        self.command(
            """
            append = lake.table_exists("mart.doubled")
            put("mart.doubled", lake.load_table("mart.number").scan().to_arrow())
            print("there was a table:", append)
            if not os.path.exists("failed"):
                open("failed", "w").close()
                sys.exit(75)
            """
        )
        self.lochan("run", "--quiet")
        with open(os.path.join(self.folder, ".lochan/logs/run-1.log")) as log:
            said = [line.split("command:double: ")[1].strip() for line in log if "double: there was a table" in line]
        self.assertEqual(said, ["there was a table: False"] * 2)
        self.assertEqual(self.rows("select count(*) from mart.doubled"), ["3"])

    def test_a_late_write_after_the_end_is_refused(self):
        # It takes leave of its group, so it isn't killed with it.
        self.command(
            self.WELL
            + """
if os.fork() == 0:
    os.setsid()
    import time
    while not os.path.exists("go"):
        time.sleep(0.05)
    try:
        put("mart.doubled", pa.table({"n": [666]}))
        said = "it was written"
    except Exception as refused:
        said = type(refused).__name__
    with open("late.tmp", "w") as file:
        file.write(said)
    os.rename("late.tmp", "late")
"""
        )
        self.write("commands/last.yaml", 'command: last\nrun: ["sh", "-c", "touch go; until [ -e late ]; do sleep 0.1; done"]\ninputs: mart.doubled\n')
        self.lochan("run", "--quiet")
        with open(os.path.join(self.folder, "late")) as late:
            self.assertNotEqual(late.read(), "it was written")
        self.assertEqual(self.rows("select count(*) from mart.doubled"), ["3"])

    def test_killed_between_any_two_writes_nothing_is_lost_or_doubled(self):
        # Rows are appended, so that a doubled attempt would show.
        self.command(
            """
            rows = lake.load_table("mart.number").scan().to_arrow()
            def stop(at):
                if os.environ.get("STOP_AT") == str(at):
                    open("stopped", "w").close()
                    import time
                    time.sleep(1000)
            stop(0)
            if not lake.table_exists("mart.doubled"):
                lake.create_table("mart.doubled", schema=rows.schema)
            stop(1)
            lake.load_table("mart.doubled").append(rows)
            stop(2)
            """
        )
        stopped = os.path.join(self.folder, "stopped")
        for at in range(3):
            run = subprocess.Popen([BIN, "run", "--quiet"], cwd=self.folder, env={**os.environ, "STOP_AT": str(at)}, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
            deadline = time.monotonic() + PATIENCE
            while not os.path.exists(stopped):
                self.assertLess(time.monotonic(), deadline)
                self.assertIsNone(run.poll())
                time.sleep(0.05)
            run.send_signal(signal.SIGKILL)
            run.wait()
            os.remove(stopped)
            self.assertIn("no branches", self.lochan("branch"))
            self.assertIn("nothing was published", self.lochan("history"))
        self.lochan("run", "--quiet")
        self.assertEqual(self.rows("select count(*) as rows, count(distinct n) as numbers from mart.doubled"), ["3,3"])
        self.assertIn("nothing to do", self.lochan("run", "--quiet"))

    def test_duckdb_writes_too(self):
        extensions = os.path.join(os.path.dirname(BIN), "extensions")
        self.write(
            "program.py",
            f"""
            import os, duckdb
            engine = duckdb.connect(config={{"allow_unsigned_extensions": "true"}})
            for extension in ("avro", "httpfs", "iceberg"):
                engine.execute(f"load '{extensions}/{{extension}}.duckdb_extension'")
            env = os.environ
            engine.execute(f"attach '{{env['LOCHAN_WAREHOUSE']}}' as lake (type iceberg, endpoint '{{env['LOCHAN_CATALOG_URI']}}', token '{{env['LOCHAN_TOKEN']}}')")
            engine.execute("create table lake.mart.doubled as select n from lake.mart.number")
            """,
        )
        self.write("commands/double.yaml", f"command: double\nrun: [{sys.executable!r}, program.py]\ninputs: mart.number\n"
                   "outputs: { mart.doubled: { columns: { n: BIGINT } } }\n")
        self.lochan("run", "--quiet")
        self.assertEqual(self.rows("select twice from mart.twice order by n"), ["0", "2", "4"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
