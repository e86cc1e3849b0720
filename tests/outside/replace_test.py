"""A table that is replaced, with other types and in another order of columns: every version stays readable."""

import lake as outside

# Each version's columns, and its rows in their order.
VERSIONS = [
    ("id bigint, name varchar, amount integer", [(1, "one", 10), (2, "two", 20)]),
    ("amount double, id varchar, note varchar", [(1.5, "a", "x"), (2.5, "b", None)]),  # retyped, reordered, one new, one gone
    ("note integer, name varchar", [(7, "seven")]),
    ("id bigint, name varchar, amount integer", [(3, "three", 30)]),  # as at first
]


class Replace(outside.LakeTest):
    options = {"project_tables": ["mart.sales"]}

    def setUp(self):
        super().setUp()
        for number, (columns, rows) in enumerate(VERSIONS, 1):
            statements = [] if number == 1 else ["drop table lake.mart.sales"]
            values = ", ".join("(" + ", ".join(literal(value) for value in row) + ")" for row in rows)
            statements += [f"create table lake.mart.sales ({columns})", f"insert into lake.mart.sales values {values}"]
            self.lake.run(f"run-{number}", *statements)

    def assert_pyiceberg_reads(self, table):
        snapshots = sorted(table.metadata.snapshots, key=lambda snapshot: snapshot.sequence_number)
        self.assertEqual(len(snapshots), len(VERSIONS))
        for snapshot, (columns, rows) in zip(snapshots, VERSIONS):
            read = table.scan(snapshot_id=snapshot.snapshot_id).to_arrow()
            self.assertEqual(read.column_names, names(columns))
            self.assertEqual([tuple(row.values()) for row in read.to_pylist()], rows)

    def test_pyiceberg_reads_every_version(self):
        self.assert_pyiceberg_reads(self.lake.pyiceberg("main", may_write=False).load_table("mart.sales"))

    def test_duckdb_reads_every_version_by_snapshot(self):
        main = self.lake.engine("main", may_write=False)
        self.addCleanup(main.close)
        snapshots = self.rows(main, "select snapshot_id from iceberg_snapshots(lake.mart.sales) order by sequence_number")
        for (snapshot,), (columns, rows) in zip(snapshots, VERSIONS, strict=True):
            read = main.execute(f"from lake.mart.sales at (version => {snapshot})")
            self.assertEqual([column[0] for column in read.description], names(columns))
            self.assertEqual(read.fetchall(), rows)

    def test_every_publication_is_read_through_at_n(self):
        for number, (columns, rows) in enumerate(VERSIONS, 1):
            engine = self.lake.engine(f"at-{number}", may_write=False)
            read = engine.execute("from lake.mart.sales")
            self.assertEqual([column[0] for column in read.description], names(columns))
            self.assertEqual(read.fetchall(), rows)
            engine.close()

    def test_the_table_keeps_its_identity_and_its_history(self):
        versions = [self.lake.pyiceberg(f"at-{number}", may_write=False).load_table("mart.sales").metadata
                    for number in range(1, len(VERSIONS) + 1)]
        self.assertEqual(len({metadata.table_uuid for metadata in versions}), 1)
        self.assertEqual([metadata.last_sequence_number for metadata in versions], [1, 2, 3, 4])
        self.assertEqual([len(metadata.snapshots) for metadata in versions], [1, 2, 3, 4])

    def test_a_replaced_table_is_written_on(self):
        self.lake.run("run-9", "insert into lake.mart.sales values (4, 'four', 40)",
                      "update lake.mart.sales set amount = 31 where id = 3")
        main = self.lake.engine("main", may_write=False)
        self.addCleanup(main.close)
        self.assertEqual(self.rows(main, "from lake.mart.sales order by id"), [(3, "three", 31), (4, "four", 40)])
        read = self.lake.pyiceberg("main").load_table("mart.sales").scan().to_arrow().to_pylist()
        self.assertEqual(sorted(row["amount"] for row in read), [31, 40])

    def test_a_replace_as_select_of_the_table_itself(self):
        self.lake.run("run-9", "create temp table kept as from lake.mart.sales", "drop table lake.mart.sales",
                      "create table lake.mart.sales as select amount, id::varchar as id from kept")
        main = self.lake.engine("main", may_write=False)
        self.addCleanup(main.close)
        self.assertEqual(self.rows(main, "from lake.mart.sales"), [(30, "3")])


def names(columns):
    return [column.split()[0] for column in columns.split(", ")]


def literal(value):
    return "null" if value is None else repr(value)


if __name__ == "__main__":
    outside.main()
