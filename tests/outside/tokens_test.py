"""What a token allows: one ref, and what its scope says, until it is revoked."""

import lake as outside


class Tokens(outside.LakeTest):
    options = {"project_tables": ["raw.sale", "raw.extra"]}

    def setUp(self):
        super().setUp()
        self.lake.run("run-1", "create table lake.raw.sale as select 1 as id")
        main = self.engine("main")
        main.execute("create schema lake.free")
        main.execute("create table lake.free.note as select 'a' as note")

    def engine(self, ref, **token):
        engine = self.lake.engine(ref, **token)
        self.addCleanup(engine.close)
        return engine

    def test_two_prefixes_in_one_engine_do_not_mix(self):
        engine = self.engine("main")
        outside.attach(engine, "branch", "run-2", self.lake.uri, self.lake.token(self.lake.branch("run-2")))
        engine.execute("insert into branch.raw.sale values (2)")
        engine.execute("create table branch.raw.extra as select 1 as id")
        self.assertEqual(self.rows(engine, "from lake.raw.sale"), [(1,)])
        self.assertEqual(self.rows(engine, "from branch.raw.sale order by id"), [(1,), (2,)])
        with self.assertRaisesRegex(Exception, "does not exist"):
            engine.execute("from lake.raw.extra")
        self.lake.publish("run-2")
        self.assertEqual(self.rows(engine, "from lake.raw.sale order by id"), [(1,), (2,)])

    def test_a_late_commit_with_a_revoked_token_changes_nothing(self):
        token = self.lake.token(self.lake.branch("run-2"))
        engine = outside.new_duckdb()
        self.addCleanup(engine.close)
        outside.attach(engine, "lake", "run-2", self.lake.uri, token)
        engine.execute("begin")
        engine.execute("insert into lake.raw.sale values (2)")
        before = self.lake.do("entries", ref="run-2")
        self.lake.do("revoke", token=token)
        with self.assertRaisesRegex(Exception, "NotAuthorizedException|revoked"):
            engine.execute("commit")
        self.assertEqual(self.lake.do("entries", ref="run-2"), before)
        self.assertEqual(self.rows(self.engine("run-2"), "from lake.raw.sale"), [(1,)])

    def test_a_new_attempt_writes_where_the_old_one_is_refused(self):
        old = self.lake.token(self.lake.branch("run-2"))
        late = outside.new_duckdb()
        self.addCleanup(late.close)
        outside.attach(late, "lake", "run-2", self.lake.uri, old)
        late.execute("begin")
        late.execute("insert into lake.raw.sale values (666)")
        self.lake.do("revoke", token=old)
        self.engine("run-2").execute("insert into lake.raw.sale values (2)")
        with self.assertRaises(Exception):
            late.execute("commit")
        self.lake.publish("run-2")
        self.assertEqual(self.rows(self.engine("main"), "from lake.raw.sale order by id"), [(1,), (2,)])

    def test_an_unknown_token_cannot_even_attach(self):
        engine = outside.new_duckdb()
        self.addCleanup(engine.close)
        with self.assertRaisesRegex(Exception, "401"):
            outside.attach(engine, "lake", "main", self.lake.uri, "nonsense")

    def test_an_unknown_warehouse_cannot_be_attached(self):
        engine = outside.new_duckdb()
        self.addCleanup(engine.close)
        with self.assertRaisesRegex(Exception, "404"):
            outside.attach(engine, "lake", "no-such", self.lake.uri, self.lake.token("main"))

    def test_a_token_is_for_its_ref_only(self):
        engine = outside.new_duckdb()
        self.addCleanup(engine.close)
        with self.assertRaisesRegex(Exception, "403"):
            outside.attach(engine, "lake", "main", self.lake.uri, self.lake.token(self.lake.branch("run-2")))

    def test_a_reading_token_writes_nothing(self):
        engine = self.engine(self.lake.branch("run-2"), may_write=False)
        before = self.lake.do("entries", ref="run-2")
        for statement in ("insert into lake.raw.sale values (2)", "drop table lake.raw.sale", "create schema lake.more",
                          "create table lake.raw.extra as select 1 as id"):
            with self.assertRaisesRegex(Exception, "403|Forbidden"):
                engine.execute(statement)
        self.assertEqual(self.lake.do("entries", ref="run-2"), before)

    def test_a_token_for_some_tables_writes_those_only(self):
        engine = self.engine(self.lake.branch("run-2"), tables=["raw.sale"])
        engine.execute("insert into lake.raw.sale values (2)")
        with self.assertRaisesRegex(Exception, "403|Forbidden"):
            engine.execute("insert into lake.free.note values ('b')")

    def test_main_takes_no_outside_commit_to_a_table_of_the_project(self):
        engine = self.engine("main")
        with self.assertRaisesRegex(Exception, "403|Forbidden"):
            engine.execute("insert into lake.raw.sale values (2)")
        self.assertEqual(self.rows(engine, "from lake.raw.sale"), [(1,)])

    def test_an_outside_commit_to_another_table_of_main_is_a_publication(self):
        number = self.lake.do("publications")[0]["number"]
        engine = self.engine("main")
        engine.execute("insert into lake.free.note values ('b')")
        self.assertEqual(self.lake.do("publications")[0]["number"], number + 1)
        self.assertEqual(self.rows(self.engine(f"at-{number}"), "from lake.free.note"), [("a",)])
        self.assertEqual(self.rows(self.engine(f"at-{number + 1}"), "from lake.free.note order by all"), [("a",), ("b",)])

    def test_at_n_takes_no_commit(self):
        engine = self.engine(f"at-{self.lake.do('publications')[0]['number']}")
        with self.assertRaisesRegex(Exception, "403|Forbidden"):
            engine.execute("insert into lake.free.note values ('b')")


class ImmutableRaw(outside.LakeTest):
    options = {"project_tables": ["raw.log", "mart.sale"], "immutable_layers": ["raw", "mart"]}

    def setUp(self):
        super().setUp()
        self.lake.run("run-1", "create table lake.raw.log as select 1 as id", "create table lake.mart.sale as select 1 as id")

    def engine(self, ref):
        engine = self.lake.engine(ref)
        self.addCleanup(engine.close)
        return engine

    def test_it_takes_appends_only(self):
        engine = self.engine(self.lake.branch("run-2"))
        engine.execute("insert into lake.raw.log values (2)")
        for statement in ("delete from lake.raw.log where id = 1", "update lake.raw.log set id = 5",
                          "drop table lake.raw.log"):
            with self.assertRaisesRegex(Exception, "immutable"):
                engine.execute(statement)
        self.assertEqual(self.rows(engine, "from lake.raw.log order by id"), [(1,), (2,)])

    def test_models_of_other_immutable_layers_are_made_anew(self):
        engine = self.engine(self.lake.branch("run-2"))
        engine.execute("drop table lake.mart.sale")
        engine.execute("create table lake.mart.sale as select 2 as id")
        self.lake.publish("run-2")
        self.assertEqual(self.rows(self.engine("main"), "from lake.mart.sale"), [(2,)])


if __name__ == "__main__":
    outside.main()
