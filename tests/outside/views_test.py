"""Views are written for other engines: they are listed and loaded, and are no tables."""

import lake as outside


class Views(outside.LakeTest):
    options = {"project_tables": ["mart.sale"]}

    def setUp(self):
        super().setUp()
        engine = self.lake.engine(self.lake.branch("run-1"))
        engine.execute("create table lake.mart.sale as select 1 as id, 2.5::double as price")
        engine.close()
        self.view = {"table": "mart.cheap", "sql": "select id from mart.sale where price < 3", "columns": [["id", "INTEGER"]]}
        self.lake.do("publish", branch="run-1", tables=["mart.sale"], views=[self.view])
        self.catalog = self.lake.pyiceberg("main", may_write=False)

    def test_pyiceberg_lists_and_loads_them(self):
        self.assertEqual(self.catalog.list_views("mart"), [("mart", "cheap")])
        self.assertTrue(self.catalog.view_exists("mart.cheap"))
        view = self.catalog.load_view("mart.cheap")
        self.assertEqual([field.name for field in view.schema().fields], ["id"])
        sql = {entry.root.dialect: entry.root.sql for entry in view.current_version().representations}
        self.assertEqual(sql["duckdb"], self.view["sql"])

    def test_they_are_no_tables(self):
        self.assertEqual(self.catalog.list_tables("mart"), [("mart", "sale")])
        self.assertFalse(self.catalog.table_exists("mart.cheap"))

    def test_a_run_sees_a_view_that_an_earlier_step_put_on_its_branch(self):
        self.lake.branch("run-2")
        self.lake.do("put_view", branch="run-2", **{**self.view, "table": "mart.dear"})
        self.assertEqual(self.lake.pyiceberg("run-2").list_views("mart"), [("mart", "cheap"), ("mart", "dear")])
        self.assertEqual(self.catalog.list_views("mart"), [("mart", "cheap")])


if __name__ == "__main__":
    outside.main()
