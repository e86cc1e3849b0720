"""What goes wrong between an engine and the catalog: lost replies, and commits that came second."""

import os
import urllib.error
import urllib.request

import lake as outside
from proxy import Proxy


class Faults(outside.LakeTest):
    options = {"project_tables": ["raw.sale", "raw.item"]}

    def setUp(self):
        super().setUp()
        self.lake.run("run-1", "create table lake.raw.sale as select 1 as id")
        self.lake.branch("run-2")

    def engine(self, ref="run-2", **token):
        engine = self.lake.engine(ref, **token)
        self.addCleanup(engine.close)
        return engine

    def post(self, path, body, token):
        request = urllib.request.Request(self.lake.uri + path, body, {"Authorization": f"Bearer {token}"}, method="POST")
        with urllib.request.urlopen(request) as reply:
            return reply.status

    def test_a_commit_whose_reply_was_lost_is_not_done_twice(self):
        lost = []

        def loses(exchange):
            first_commit = exchange.path.endswith("/transactions/commit") and not lost
            if first_commit:
                lost.append(exchange)
            return first_commit

        proxy = Proxy(self.lake.uri, loses)
        self.addCleanup(proxy.close)
        engine = self.engine(uri=proxy.uri)
        try:
            engine.execute("insert into lake.raw.sale values (2)")
        except Exception:  # without a retry of its own the engine can't know, and a later attempt finds it done
            pass
        self.assertEqual([exchange.status for exchange in lost], [204])
        token = self.lake.token("run-2")
        before = self.lake.do("entries", ref="run-2")
        self.assertEqual(self.post(lost[0].path, lost[0].request_body, token), 204)
        self.assertEqual(self.lake.do("entries", ref="run-2"), before)
        self.assertEqual(self.rows(self.engine(), "from lake.raw.sale order by id"), [(1,), (2,)])

    def test_a_create_whose_reply_was_lost_is_not_refused_when_asked_again(self):
        proxy = Proxy(self.lake.uri)
        self.addCleanup(proxy.close)
        self.engine(uri=proxy.uri).execute("create table lake.raw.item as select 1 as id")
        create = [exchange for exchange in proxy.exchanges if exchange.method == "POST" and exchange.path.endswith("/tables/item")][-1]
        before = self.lake.do("entries", ref="run-2")
        self.assertEqual(self.post(create.path, create.request_body, self.lake.token("run-2")), 200)
        self.assertEqual(self.lake.do("entries", ref="run-2"), before)

    def test_files_of_a_commit_that_came_second_are_in_nobodys_way(self):
        first, second = self.engine(), self.engine()
        second.execute("begin")
        second.execute("update lake.raw.sale set id = 20")
        first.execute("update lake.raw.sale set id = 10")
        kept = set(self.lake.data_files())
        with self.assertRaisesRegex(Exception, "409|CommitFailedException"):
            second.execute("commit")
        for path in set(self.lake.data_files()) - kept:
            self.lake.place.remove(path)  # 409 says: surely not committed, delete what you wrote
        self.assertEqual(self.rows(self.engine(), "from lake.raw.sale"), [(10,)])
        self.lake.publish("run-2")
        read = self.lake.pyiceberg("main").load_table("raw.sale").scan().to_arrow().to_pylist()
        self.assertEqual(read, [{"id": 10}])

    def test_a_publish_over_somebody_elses_change_names_the_table(self):
        self.engine().execute("insert into lake.raw.sale values (2)")
        self.lake.run("run-3", "insert into lake.raw.sale values (3)")
        with self.assertRaises(outside.Refused) as refused:
            self.lake.publish("run-2")
        self.assertEqual(refused.exception.args, ("conflict", ["raw.sale"]))
        self.assertEqual(self.rows(self.engine("main"), "from lake.raw.sale order by id"), [(1,), (3,)])

    def test_a_commit_to_a_published_branch_is_refused(self):
        engine = self.engine()
        engine.execute("insert into lake.raw.sale values (2)")
        engine.execute("begin")
        engine.execute("insert into lake.raw.sale values (3)")
        self.lake.publish("run-2")
        with self.assertRaises(Exception):
            engine.execute("commit")
        self.assertEqual(self.rows(self.engine("main"), "from lake.raw.sale order by id"), [(1,), (2,)])


if __name__ == "__main__":
    outside.main()
