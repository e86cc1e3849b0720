"""What an engine writes on a branch: every kind of statement, unseen on main until it is published, and read back
alike by DuckDB and PyIceberg."""

import datetime
import decimal

import pyarrow
import pyiceberg.exceptions

import lake as outside


class Writing(outside.LakeTest):
    options = {"project_tables": [f"raw.{name}" for name in ("sale", "item", "event", "other", "warm")]}

    def setUp(self):
        super().setUp()
        self.engine = self.lake.engine(self.lake.branch("run-1"))
        self.addCleanup(self.engine.close)

    def assert_published(self, table, expected):
        """Nothing is on main before; afterwards both kinds of reader see `expected`, sorted."""
        main = self.lake.engine("main", may_write=False)
        self.addCleanup(main.close)
        with self.assertRaisesRegex(Exception, "does not exist"):
            main.execute(f"from lake.{table}")
        self.assertEqual(self.lake.do("entries", ref="main"), [])
        self.lake.publish("run-1")
        self.assertEqual(self.rows(main, f"from lake.{table} order by all"), expected)
        read = self.lake.pyiceberg("main").load_table(table).scan().to_arrow()
        self.assertEqual(sorted(tuple(row.values()) for row in read.to_pylist()), expected)

    def test_insert_update_delete(self):
        self.engine.execute("create table lake.raw.sale (id bigint, unit varchar)")
        self.engine.execute("insert into lake.raw.sale select i, 'kg' from range(5) r(i)")
        self.engine.execute("update lake.raw.sale set unit = 'piece' where id = 2")
        self.engine.execute("delete from lake.raw.sale where id in (0, 4)")
        self.assert_published("raw.sale", [(1, "kg"), (2, "piece"), (3, "kg")])

    def test_merge(self):
        self.engine.execute("create table lake.raw.sale as select i::bigint as id, 1.5 as price from range(3) r(i)")
        self.engine.execute("""
            merge into lake.raw.sale t using (values (2, 9.5), (7, 7.5)) s(id, price) on t.id = s.id
            when matched then update set price = s.price when not matched then insert values (s.id, s.price)""")
        price = decimal.Decimal
        self.assert_published("raw.sale", [(0, price("1.5")), (1, price("1.5")), (2, price("9.5")), (7, price("7.5"))])

    def test_partitioned_table(self):
        self.engine.execute("create table lake.raw.sale (id integer, dt date) partitioned by (dt)")
        self.engine.execute("insert into lake.raw.sale select i, date '2026-01-01' + (i % 2)::integer from range(4) r(i)")
        self.engine.execute("delete from lake.raw.sale where id = 1")
        self.engine.execute("update lake.raw.sale set id = 30 where id = 3")
        first, second = datetime.date(2026, 1, 1), datetime.date(2026, 1, 2)
        self.assert_published("raw.sale", [(0, first), (2, first), (30, second)])

    def test_nested_types_and_times(self):
        self.engine.execute("""
            create table lake.raw.event as
            select 1::bigint as id, [1, 2] as numbers, {'a': 1, 'b': 'x'} as pair, true as flag, 'text' as name,
                   timestamp '2026-01-02 03:04:05.678901' as at, blob 'ab' as bytes, null::date as day""")
        self.assert_published(
            "raw.event",
            [(1, [1, 2], {"a": 1, "b": "x"}, True, "text", datetime.datetime(2026, 1, 2, 3, 4, 5, 678901), b"ab", None)],
        )

    def test_transaction_of_several_statements(self):
        self.engine.execute("create table lake.raw.sale as select 1 as id")
        self.engine.execute("begin")
        self.engine.execute("insert into lake.raw.sale values (2), (3)")
        self.engine.execute("delete from lake.raw.sale where id = 1")
        self.engine.execute("update lake.raw.sale set id = 20 where id = 2")
        self.engine.execute("commit")
        self.assert_published("raw.sale", [(3,), (20,)])

    def test_rolled_back_transaction_leaves_nothing(self):
        self.engine.execute("create table lake.raw.sale as select 1 as id")
        before = self.lake.do("entries", ref="run-1")
        self.engine.execute("begin")
        self.engine.execute("insert into lake.raw.sale values (2)")
        self.engine.execute("create table lake.raw.other as select 1 as id")
        self.engine.execute("rollback")
        self.assertEqual(self.lake.do("entries", ref="run-1"), before)
        self.assert_published("raw.sale", [(1,)])

    def test_commit_to_two_tables_is_one_commit(self):
        for table in ("sale", "item"):
            self.engine.execute(f"create table lake.raw.{table} as select 1 as id")
        self.engine.execute("begin")
        self.engine.execute("insert into lake.raw.sale values (2)")
        self.engine.execute("insert into lake.raw.item values (3)")
        watcher = self.lake.engine("run-1", may_write=False)
        self.addCleanup(watcher.close)
        count = "select (select count(*) from lake.raw.sale), (select count(*) from lake.raw.item)"
        self.assertEqual(self.rows(watcher, count), [(1, 1)])
        requests = self.lake.do("request_count")
        self.engine.execute("commit")
        self.assertEqual(self.lake.do("request_count"), requests + 1)
        self.assertEqual(self.rows(watcher, count), [(2, 2)])
        self.assert_published("raw.sale", [(1,), (2,)])

    def test_drop_and_create_is_unseen_on_main_until_it_is_published(self):
        self.engine.execute("create table lake.raw.sale as select 1 as id, 'old' as name")
        self.assert_published("raw.sale", [(1, "old")])
        second = self.lake.engine(self.lake.branch("run-2"))
        self.addCleanup(second.close)
        main = self.lake.engine("main", may_write=False)
        self.addCleanup(main.close)
        for statement in ("drop table lake.raw.sale", "create table lake.raw.sale (name varchar, id double)",
                          "insert into lake.raw.sale values ('new', 2.5)"):
            second.execute(statement)
            self.assertEqual(self.rows(main, "from lake.raw.sale"), [(1, "old")])
        self.lake.publish("run-2")
        self.assertEqual(self.rows(main, "from lake.raw.sale"), [("new", 2.5)])

    def test_drop_is_unseen_on_main_until_it_is_published(self):
        self.engine.execute("create table lake.raw.sale as select 1 as id")
        self.assert_published("raw.sale", [(1,)])
        second = self.lake.engine(self.lake.branch("run-2"))
        self.addCleanup(second.close)
        main = self.lake.engine("main", may_write=False)
        self.addCleanup(main.close)
        second.execute("drop table lake.raw.sale")
        self.assertEqual(self.rows(main, "from lake.raw.sale"), [(1,)])
        self.lake.publish("run-2")
        with self.assertRaisesRegex(Exception, "does not exist"):
            main.execute("from lake.raw.sale")

    def test_pyiceberg_writes_on_a_branch_too(self):
        catalog = self.lake.pyiceberg("run-1")
        rows = pyarrow.table({"id": pyarrow.array([1, 2, 3], pyarrow.int64()), "unit": ["kg", "kg", "piece"]})
        table = catalog.create_table("raw.sale", rows.schema)
        table.append(rows)
        table.delete("id = 2")
        with table.update_schema() as update:
            update.rename_column("unit", "unit_name")
        self.engine.execute("insert into lake.raw.sale values (4, 'kg')")
        self.assert_published("raw.sale", [(1, "kg"), (3, "piece"), (4, "kg")])

    def test_pyiceberg_finds_no_table_and_makes_none_twice(self):
        catalog = self.lake.pyiceberg("run-1")
        schema = pyarrow.schema([("id", pyarrow.int64())])
        with self.assertRaises(pyiceberg.exceptions.NoSuchTableError):
            catalog.load_table("raw.sale")
        with self.assertRaises(pyiceberg.exceptions.NoSuchNamespaceError):
            catalog.create_table("nowhere.sale", schema)
        catalog.create_table("raw.sale", schema)
        with self.assertRaises(pyiceberg.exceptions.TableAlreadyExistsError):
            catalog.create_table("raw.sale", schema)
        catalog.create_namespace("free")
        with self.assertRaises(pyiceberg.exceptions.NamespaceAlreadyExistsError):
            catalog.create_namespace("free")
        with self.assertRaises(pyiceberg.exceptions.NamespaceNotEmptyError):
            catalog.drop_namespace("raw")
        catalog.drop_namespace("free")

    def test_a_small_table_costs_five_requests_and_a_small_insert_two(self):
        self.engine.execute("create table lake.raw.warm as select 1 as id")
        requests = self.lake.do("request_count")
        self.engine.execute("create table lake.raw.sale as select 1 as id")
        self.assertLessEqual(self.lake.do("request_count") - requests, 5)
        requests = self.lake.do("request_count")
        self.engine.execute("insert into lake.raw.sale values (2)")
        self.assertLessEqual(self.lake.do("request_count") - requests, 2)


if __name__ == "__main__":
    outside.main()
