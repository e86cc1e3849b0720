"""Spark at a running `lochan serve`. It is large, so it is installed by hand: tests/services/spark.sh install."""

import os
import subprocess
import unittest

import serve

SPARK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "services", "spark.sh")


def spark(server, *statements, ref="main", **bearing):
    """The last lines of standard output: each row a line, its values with tabs between."""
    environment = dict(os.environ, LAKE_URI=server.uri, LAKE_REF=ref, **(bearing or {"LAKE_TOKEN": serve.TOKEN}))
    done = subprocess.run([SPARK, "sql", "; ".join(statements)], env=environment, capture_output=True, text=True, timeout=600, check=False)
    return done.returncode, done.stdout.splitlines(), done.stderr


@unittest.skipIf(subprocess.run([SPARK, "status"], capture_output=True, check=False).returncode != 0,
                 "Spark isn't installed: tests/services/spark.sh install (550 MB)")
class Spark(serve.ServeTest):
    more = "serve: { token: ${LOCHAN_TOKEN:-} }\nschedules: [{ name: often, every: 1s }]"

    def setUp(self):
        super().setUp()
        self.server.start()
        self.server.wait_for(lambda: self.server.get("/ready")[1]["publication"] >= 1, "a publication")

    def test_it_reads_main_and_publications_and_writes_its_own(self):
        number = self.server.get("/ready")[1]["publication"]
        self.server.sell(7)
        self.server.wait_for(lambda: self.server.get("/ready")[1]["publication"] > number, "a publication")
        code, rows, errors = spark(self.server, "select sales, amount from lake.mart.total",
                                   "create namespace lake.lab",
                                   "create table lake.lab.note using iceberg as select 1 as id, 'a' as note",
                                   "insert into lake.lab.note values (2, 'b')",
                                   "select * from lake.lab.note order by id", LAKE_CREDENTIAL=f"spark:{serve.TOKEN}")
        self.assertEqual((code, rows), (0, ["17\t85", "1\ta", "2\tb"]), errors)
        self.assertEqual(self.server.lochan("query", "--output", "csv", "select count(*) as n from lab.note"), (0, "n\n2\n"))
        code, rows, errors = spark(self.server, "select sales, amount from lake.mart.total", "select count(*) from lake.raw.sale",
                                   ref=f"at-{number}")
        self.assertEqual((code, rows), (0, ["10\t50", "10"]), errors)
        # Tending knows Spark's files, which it names in another way.
        code, output = self.server.lochan("maintain")
        self.assertEqual(code, 0, output)
        self.assertEqual(self.server.lochan("query", "--output", "csv", "select count(*) as n from lab.note"), (0, "n\n2\n"))

    def test_it_is_refused_what_is_not_its_own(self):
        code, _, errors = spark(self.server, "insert into lake.mart.total values (1, 1)")
        self.assertNotEqual(code, 0)
        self.assertIn("only writer", errors)
        code, _, errors = spark(self.server, "show tables in lake.mart", LAKE_TOKEN="wrong")
        self.assertNotEqual(code, 0)
        self.assertIn("NotAuthorized", errors)


if __name__ == "__main__":
    unittest.main(verbosity=2)
