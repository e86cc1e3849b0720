"""Outsiders at a running `lochan serve`: they read `main` and `at-N` while runs publish, and write tables of their own."""

import unittest

import lake as outside
import pyarrow
import serve
from pyiceberg.catalog.rest import RestCatalog

EVERY_SECOND = "serve: { token: ${LOCHAN_TOKEN:-} }\nschedules: [{ name: often, every: 1s }]"


class Outsiders(serve.ServeTest):
    more = EVERY_SECOND

    def setUp(self):
        super().setUp()
        self.server.start()
        self.wait_for_publication(1)

    def publication(self):
        return self.server.get("/ready")[1]["publication"]

    def wait_for_publication(self, number):
        self.server.wait_for(lambda: self.publication() >= number, f"publication {number}")

    def sell_and_wait(self, rows):
        before = self.publication()
        self.server.sell(rows)
        self.wait_for_publication(before + 1)

    def pyiceberg(self, ref="main", **settings):
        settings = settings or {"token": serve.TOKEN}
        return RestCatalog("lake", uri=self.server.uri, warehouse=ref, **settings)

    def duckdb(self, ref="main", token=serve.TOKEN):
        connection = outside.new_duckdb()
        self.addCleanup(connection.close)
        outside.attach(connection, "lake", ref, self.server.uri, token)
        return connection

    def consistent(self, rows):
        """What the mart says is never without the rows it was made of."""
        sales, amount = rows[0]
        self.assertEqual(amount, 5 * sales)
        return sales

    def test_duckdb_reads_main_while_runs_publish(self):
        reader = self.duckdb()
        seen = [self.consistent(reader.execute("from lake.mart.total").fetchall())]
        for _ in range(3):
            self.sell_and_wait(7)
            seen.append(self.consistent(reader.execute("from lake.mart.total").fetchall()))
        self.assertEqual(seen, [10, 17, 24, 31])

    def test_at_n_stays_what_it_was(self):
        number = self.publication()
        old = self.duckdb(f"at-{number}")
        self.sell_and_wait(7)
        self.assertEqual(old.execute("from lake.mart.total").fetchall(), [(10, 50)])
        table = self.pyiceberg(f"at-{number}").load_table("mart.total")
        self.assertEqual(table.scan().to_arrow().to_pylist(), [{"sales": 10, "amount": 50}])
        with self.assertRaisesRegex(Exception, "403|Forbidden|read-only|can't be changed"):
            old.execute("create table lake.mart.mine as select 1 as id")

    def test_a_tag_is_a_warehouse_that_only_reads(self):
        self.server.lochan("tag", "create", "year-end")
        self.sell_and_wait(7)
        self.assertEqual(self.duckdb("year-end").execute("from lake.mart.total").fetchall(), [(10, 50)])
        self.assertEqual(self.pyiceberg("year-end").load_table("mart.total").scan().to_arrow().to_pylist()[0]["sales"], 10)
        with self.assertRaisesRegex(Exception, "403|[Ff]orbidden|read|can't be changed"):
            self.pyiceberg("year-end").create_namespace("mine")

    def test_pyiceberg_reads_main_and_refreshes(self):
        table = self.pyiceberg().load_table("raw.sale")
        self.assertEqual(table.scan().to_arrow().num_rows, 10)
        self.sell_and_wait(7)
        self.assertEqual(table.scan().to_arrow().num_rows, 10)
        self.assertEqual(table.refresh().scan().to_arrow().num_rows, 17)

    def test_pyiceberg_gets_its_token_for_a_credential(self):
        for credential in (f"someone:{serve.TOKEN}", serve.TOKEN):
            catalog = self.pyiceberg(credential=credential)
            self.assertIn(("mart", "total"), catalog.list_tables("mart"))
        with self.assertRaisesRegex(Exception, "invalid_client|401"):
            self.pyiceberg(credential="someone:wrong")

    def test_duckdb_gets_its_token_for_a_secret(self):
        connection = outside.new_duckdb()
        self.addCleanup(connection.close)
        connection.execute(f"create secret lake (type iceberg, client_id 'someone', client_secret '{serve.TOKEN}', "
                           f"oauth2_server_uri '{self.server.uri}/v1/oauth/tokens')")
        connection.execute(f"attach 'main' as lake (type iceberg, endpoint '{self.server.uri}', secret lake)")
        self.assertEqual(connection.execute("from lake.mart.total").fetchall(), [(10, 50)])

    def test_they_write_tables_of_their_own(self):
        writer = self.duckdb()
        writer.execute("create schema lake.lab")
        writer.execute("create table lake.lab.note as select 1 as id, 'a' as note")
        self.sell_and_wait(7)
        writer.execute("insert into lake.lab.note values (2, 'b')")
        table = self.pyiceberg().load_table("lab.note")
        table.append(pyarrow.table({"id": pyarrow.array([3], pyarrow.int32()), "note": ["c"]}))
        self.assertEqual(writer.execute("from lake.lab.note order by id").fetchall(), [(1, "a"), (2, "b"), (3, "c")])
        self.assertEqual(self.server.lochan("query", "--output", "csv", "select count(*) as n from lab.note"), (0, "n\n3\n"))

    def test_they_write_no_table_that_the_project_makes(self):
        writer = self.duckdb()
        for table in ("raw.sale", "mart.total"):
            with self.assertRaisesRegex(Exception, "403|its only writer"):
                writer.execute(f"drop table lake.{table}")
        with self.assertRaisesRegex(Exception, "only writer"):
            self.pyiceberg().load_table("mart.total").append(
                pyarrow.table({"sales": pyarrow.array([0], pyarrow.int64()), "amount": pyarrow.array([0], pyarrow.decimal128(38, 0))}))

    def test_they_see_no_branch(self):
        self.assertEqual(self.server.lochan("branch", "create", "dev-anna")[0], 0)
        for ref, status in (("dev-anna", 403), ("no-such", 404), ("at-9999", 404)):
            self.assertEqual(self.server.get(f"/v1/config?warehouse={ref}")[0], status, ref)

    def test_without_the_token_nothing_is_read(self):
        with self.assertRaisesRegex(Exception, "401"):
            self.duckdb(token="wrong")
        with self.assertRaisesRegex(Exception, "NotAuthorized|Unauthorized|401"):
            self.pyiceberg(token="wrong")
        status, document = self.server.get("/v1/main/namespaces/mart/tables/total", token=None)
        self.assertEqual((status, document["error"]["type"]), (401, "NotAuthorizedException"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
