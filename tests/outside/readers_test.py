"""Readers held open on main while runs commit on their branches and publish: they see published states only."""

import datetime
import time

import lake as outside


def utc_now():
    return datetime.datetime.now(datetime.timezone.utc)


class Readers(outside.LakeTest):
    """`raw.sale` has 10 rows from the first publication; runs add to it in several commits each."""

    options = {"project_tables": ["raw.sale", "raw.item"]}

    def setUp(self):
        super().setUp()
        self.lake.run("run-1", "create table lake.raw.sale as select i as id from range(10) r(i)",
                      "create table lake.raw.item as select i as id from range(10) r(i)")
        self.reader = self.lake.engine("main", may_write=False)
        self.addCleanup(self.reader.close)

    def count(self, table="sale", at=""):
        return self.rows(self.reader, f"select count(*) from lake.raw.{table} {at}")[0][0]

    def commit_four_times(self, branch, watch=lambda: None):
        """Adds 2 rows and takes 2 away, then adds 8, to both tables; calls `watch` after each commit."""
        engine = self.lake.engine(self.lake.branch(branch))
        for table in ("sale", "item"):
            for statement in (f"insert into lake.raw.{table} values (100), (101)", f"delete from lake.raw.{table} where id in (100, 101)",
                              f"insert into lake.raw.{table} select i from range(200, 204) r(i)",
                              f"insert into lake.raw.{table} select i from range(300, 304) r(i)"):
                engine.execute(statement)
                watch()
        engine.close()

    def test_duckdb_sees_a_run_only_when_it_is_published(self):
        seen = []
        self.commit_four_times("run-2", lambda: seen.append((self.count("sale"), self.count("item"))))
        self.assertEqual(seen, [(10, 10)] * 8)
        self.lake.publish("run-2")
        self.assertEqual((self.count("sale"), self.count("item")), (18, 18))

    def test_duckdb_transaction_keeps_its_state_across_publishes(self):
        # On S3 DuckDB sees no keys that it gets from the catalog after the transaction began.
        self.lake.bring_keys(self.reader)
        self.reader.execute("begin")
        self.assertEqual(self.count("sale"), 10)
        self.commit_four_times("run-2", lambda: self.assertEqual(self.count("sale"), 10))
        self.lake.publish("run-2")
        self.assertEqual(self.count("sale"), 10)
        # First touched after the publish: as the transaction's start had it, or as published; never between.
        self.assertIn(self.count("item"), (10, 18))
        self.reader.execute("commit")
        self.assertEqual((self.count("sale"), self.count("item")), (18, 18))

    def test_at_timestamp_never_shows_a_state_that_was_never_published(self):
        published = [(utc_now(), 10)]
        instants = []

        def note_instant():
            time.sleep(0.002)  # Iceberg's instants are milliseconds: ask between them
            instants.append(utc_now())

        note_instant()
        for branch, rows in (("run-2", 18), ("run-3", 26)):
            self.commit_four_times(branch, note_instant)
            self.lake.publish(branch)
            published.append((utc_now(), rows))
            note_instant()
        for instant in instants:
            expected = max(entry for entry in published if entry[0] <= instant)[1]
            self.assertEqual(self.count(at=f"at (timestamp => timestamp '{instant:%Y-%m-%d %H:%M:%S.%f}')"), expected)

    def test_duckdb_lists_one_snapshot_for_each_publication(self):
        for branch in ("run-2", "run-3"):
            self.commit_four_times(branch)
            self.lake.publish(branch)
        snapshots = self.rows(self.reader, "select snapshot_id from iceberg_snapshots(lake.raw.sale) order by sequence_number")
        self.assertEqual([self.count(at=f"at (version => {snapshot})") for (snapshot,) in snapshots], [10, 18, 26])

    def test_pyiceberg_sees_a_run_only_when_it_is_published(self):
        catalog = self.lake.pyiceberg("main", may_write=False)
        held = catalog.load_table("raw.sale")

        def watch():
            self.assertEqual(held.scan().to_arrow().num_rows, 10)
            self.assertEqual(held.refresh().scan().to_arrow().num_rows, 10)

        self.commit_four_times("run-2", watch)
        old = catalog.load_table("raw.sale")
        self.lake.publish("run-2")
        self.assertEqual(old.scan().to_arrow().num_rows, 10)
        self.assertEqual(held.refresh().scan().to_arrow().num_rows, 18)

    def test_pyiceberg_history_is_what_was_published(self):
        for branch in ("run-2", "run-3"):
            self.commit_four_times(branch)
            self.lake.publish(branch)
        table = self.lake.pyiceberg("main", may_write=False).load_table("raw.sale")
        self.assertEqual([table.scan(snapshot_id=entry.snapshot_id).to_arrow().num_rows for entry in table.history()], [10, 18, 26])
        self.assertEqual(len(table.metadata.snapshots), 3)
        self.assertEqual(len(table.metadata.metadata_log), 2)

    def test_tables_of_one_publication_have_one_instant(self):
        self.commit_four_times("run-2")
        self.lake.publish("run-2")
        catalog = self.lake.pyiceberg("main", may_write=False)
        sale, item = (catalog.load_table(f"raw.{name}") for name in ("sale", "item"))
        self.assertEqual(sale.current_snapshot().timestamp_ms, item.current_snapshot().timestamp_ms)
        self.assertEqual(sale.metadata.last_updated_ms, item.metadata.last_updated_ms)

    def test_at_n_stays_what_it_was(self):
        number = self.lake.do("publications")[0]["number"]
        old = self.lake.engine(f"at-{number}", may_write=False)
        self.addCleanup(old.close)
        self.commit_four_times("run-2")
        self.lake.publish("run-2")
        both = "select (select count(*) from lake.raw.sale), (select count(*) from lake.raw.item)"
        self.assertEqual(self.rows(old, both), [(10, 10)])
        new = self.lake.engine(f"at-{number + 1}", may_write=False)
        self.addCleanup(new.close)
        self.assertEqual(self.rows(new, both), [(18, 18)])

    def test_a_branch_sees_main_as_of_its_base(self):
        held = self.lake.engine(self.lake.branch("run-9"))
        self.addCleanup(held.close)
        self.commit_four_times("run-2")
        self.lake.publish("run-2")
        self.assertEqual(self.rows(held, "select count(*) from lake.raw.sale"), [(10,)])

    def test_a_reader_outlives_the_catalogs_restart(self):
        table = self.lake.pyiceberg("main").load_table("raw.sale")
        self.commit_four_times("run-2")
        self.lake.publish("run-2")
        self.lake.restart()
        self.assertEqual(table.scan().to_arrow().num_rows, 10)
        self.assertEqual(self.lake.pyiceberg("main").load_table("raw.sale").scan().to_arrow().num_rows, 18)


if __name__ == "__main__":
    outside.main()
