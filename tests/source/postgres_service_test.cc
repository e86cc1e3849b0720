// What a PostgreSQL source offers, how it reads on, and what it says when it can't.
#include <gmock/gmock.h>

#include <chrono>
#include <map>
#include <thread>

#include "source/sql_server.h"
#include "tests/source/postgres_fixture.h"

namespace lochan {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class PostgresTest : public PostgresFixture {
 protected:
  Stream find_stream(const std::string& name) {
    for (Stream& stream : make_source(connection())->discover())
      if (stream.name == name) return stream;
    ADD_FAILURE() << "no stream " << name;
    return {};
  }
};

TEST_F(PostgresTest, OffersTablesAndWhatReadsLikeThem) {
  server("create table sale(shop int, id int, total int generated always as (shop + 1) stored, at date not null, primary key (id, shop));"
         "comment on table sale is 'till''s'; comment on column sale.at is 'day of sale';"
         "create index sale_at on sale(at, lower(shop::text)); create unique index on sale(total);"
         "create view late as select * from sale; create materialized view kept as select * from sale;"
         "create schema other; create table other.sale(x int);"
         "create table parted(id int, day date) partition by range (day);"
         "create table parted_1 partition of parted for values from ('2026-01-01') to ('2026-02-01')");
  std::vector<std::string> names;
  for (const Stream& stream : make_source(connection())->discover()) names.push_back(stream.name);
  EXPECT_THAT(names, ElementsAre("kept", "late", "parted", "sale", "other.sale"));
  const Stream sale = find_stream("sale");
  EXPECT_THAT(sale.key, ElementsAre("id", "shop"));
  EXPECT_THAT(sale.indexes, ElementsAre("sale_at (at, lower(shop::text))", "sale_total_idx (total) unique"));
  EXPECT_EQ(sale.description, "till's");
  EXPECT_THAT(sale.descriptions, ElementsAre(Pair("at", "day of sale")));
  EXPECT_THAT(sale.columns, ElementsAre(Column{"shop", "INTEGER", false}, Column{"id", "INTEGER", false}, Column{"total", "INTEGER", true},
                                        Column{"at", "DATE", false}));
}

class PostgresChangeMarkTest : public PostgresTest {
 protected:
  std::optional<std::string> mark(const std::string& from = "sale") {
    table_.from = from;
    const SourceTable* tables[] = {&table_};
    return make_source(connection())->change_mark(tables);
  }
  // The server's own work, such as gathering statistics, may move it at any time.
  std::optional<std::string> settled_mark(const std::string& from = "sale") {
    for (int tries = 0; tries < 1000; ++tries) {
      const auto first = mark(from);
      if (first && mark(from) == first) return first;
    }
    ADD_FAILURE() << "it moves all the time";
    return std::nullopt;
  }
};

TEST_F(PostgresChangeMarkTest, MovesWithEveryCommit) {
  server("create table sale(id int primary key); create table other(id int)");
  auto before = settled_mark();
  for (const char* change : {"insert into sale values (1)", "update sale set id = 2", "truncate sale", "alter table sale add column what text",
                             "insert into other values (1)", "drop table sale; create table sale(id int)"}) {
    server(change);
    EXPECT_NE(mark(), before) << change;
    before = settled_mark();
  }
}

// A transaction's rows are there at its end, whatever numbers others have had meanwhile.
TEST_F(PostgresChangeMarkTest, OpenTransactionsMoveItWhenTheyEnd) {
  server("create table sale(id int primary key)");
  const auto before = settled_mark();
  PostgresConnection slow = database_.connect();
  slow.execute("begin; insert into sale values (1)");
  const auto open = mark();
  server("insert into sale values (2)");
  EXPECT_EQ(mark(), std::nullopt) << "a later one has ended";
  slow.execute("commit");
  const auto after = settled_mark();
  EXPECT_NE(after, open);
  EXPECT_NE(after, before);
}

TEST_F(PostgresChangeMarkTest, IsOfTablesThatChangeByCommitsAlone) {
  server("create table sale(id int, at date) partition by range (at); create table sale_1 partition of sale for values from ('2026-01-01') to "
         "('2026-02-01'); create materialized view kept as select * from sale; create view fresh as select * from sale where at > now();"
         "create table secret(id int); alter table secret enable row level security;"
         "create foreign data wrapper far; create server away foreign data wrapper far; create foreign table there(id int) server away;"
         "create table parted(id int, at date) partition by range (at);"
         "create foreign table parted_1 partition of parted for values from ('2026-01-01') to ('2026-02-01') server away");
  for (const char* table : {"sale", "sale_1", "kept"}) EXPECT_TRUE(settled_mark(table).has_value()) << table;
  for (const char* table : {"fresh", "secret", "there", "parted", "absent"})
    for (int tries = 0; tries < 3; ++tries) EXPECT_EQ(mark(table), std::nullopt) << table;
}

TEST_F(PostgresChangeMarkTest, IsOfTheSnapshotThatIsRead) {
  server("create table sale(id int primary key)");
  const SourceTable* tables[] = {&table_};
  bool was_read_as_marked = false;
  for (int tries = 0; tries < 1000 && !was_read_as_marked; ++tries) {
    const auto source = make_source(connection());
    if (!source->change_mark(tables)) continue;
    source->open(session());
    was_read_as_marked = source->read_as_marked();
    source->close(session());
  }
  EXPECT_TRUE(was_read_as_marked);
  settled_mark();
  const auto source = make_source(connection());
  ASSERT_TRUE(source->change_mark(tables).has_value());
  server("insert into sale values (1)");
  source->open(session());
  EXPECT_FALSE(source->read_as_marked());
  source->close(session());
}

TEST_F(PostgresTest, ReadsPartitionedTablesViewsAndOtherSchemas) {
  server("create table parted(id int, day date) partition by range (day);"
         "create table parted_1 partition of parted for values from ('2026-01-01') to ('2026-02-01');"
         "create table parted_2 (day date, id int); alter table parted attach partition parted_2 for values from ('2026-02-01') to ('2026-03-01');"
         "insert into parted values (1, '2026-01-05'), (2, '2026-02-05');"
         "create view sale as select id from parted; create schema other; create table other.sale as select 7 as id");
  table_.from = "parted";
  load();
  EXPECT_THAT(rows("select id, day from LAKE.raw.sale order by id"), ElementsAre("1|2026-01-05", "2|2026-02-05"));
  for (const auto& [from, ids] : std::map<std::string, std::string>{{"sale", "1,2"}, {"parted_2", "2"}, {"other.sale", "7"}}) {
    table_.from = from;
    const auto source = make_source(connection());
    source->open(session());
    const Extract extract = source->extract(session(), table_, {});
    EXPECT_THAT(rows("select string_agg(id, ',' order by id) from (" + extract.select + ")"), ElementsAre(ids)) << from;
    source->close(session());
  }
}

TEST_F(PostgresTest, ALargeTableIsReadInPartsFromOneSnapshot) {
  server("create table sale(id int, filler text) with (fillfactor = 10); insert into sale select i, repeat('x', 700) from generate_series(1, 90000) i;"
         "create table parted(id int, filler text) partition by hash (id); create table p1 partition of parted for values with (modulus 3, remainder 0);"
         "create table p2 partition of parted for values with (modulus 3, remainder 1); create table p3 partition of parted for values with "
         "(modulus 3, remainder 2); insert into parted select i, repeat('x', 7000) from generate_series(1, 20000) i");
  for (const char* from : {"sale", "parted"}) {
    table_.from = from;
    const auto source = make_source(connection());
    source->open(session());
    // Every page but the first is moved about after the snapshot was taken.
    server(fmt::format("update {0} set filler = 'y'; delete from {0} where id % 3 = 0; insert into {0} select i, 'z' from generate_series(1, 1000) i", from));
    const Extract extract = source->extract(session(), table_, {});
    const std::string rows_before = from == std::string("sale") ? "90000" : "20000";
    EXPECT_THAT(rows("select count(*), count(distinct id), count(*) filter (where filler like 'xxx%') from (" + extract.select + ")"),
                ElementsAre(fmt::format("{0}|{0}|{0}", rows_before)));
    source->close(session());
  }
}

TEST_F(PostgresTest, ATableThatWasEmptiedAfterTheSnapshotIsReadAgainLater) {
  server("create table sale(id int); insert into sale values (1), (2)");
  const auto source = make_source(connection());
  source->open(session());
  server("truncate sale; insert into sale values (3)");
  EXPECT_EQ(error([&] { source->extract(session(), table_, {}); }),
            "unavailable: `sale` was rewritten or emptied just when it was to be read (try again)");
  source->close(session());
}

TEST_F(PostgresTest, RowsWithTheCursorsOwnTimeAreNotLost) {
  key("id");
  incremental("updated_at");
  server("create table sale(id int primary key, updated_at timestamptz); insert into sale values (1, '2026-11-20 10:00:00.000001+02')");
  load();
  server("insert into sale values (2, '2026-11-20 08:00:00.000001+00'), (3, '2026-11-20 08:00:00+00'), (4, null)");
  EXPECT_EQ(load().rows_written, 2);
  EXPECT_THAT(rows("select id from LAKE.raw.sale order by id"), ElementsAre("1", "2", "4"));
  table_.lookback = std::chrono::seconds{1};
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_EQ(load().rows_written, 0);
}

// As text `9` comes after `10`; the server knows better.
TEST_F(PostgresTest, ACursorKeepsItsOwnOrder) {
  incremental("n");
  for (const char* type : {"numeric", "double precision", "numeric(60,1)"}) {
    server(fmt::format("drop table if exists sale; create table sale(id int, n {}); insert into sale values (1, 9), (2, 'NaN')", type));
    table_.from = "sale";
    const auto source = make_source(connection());
    source->open(session());
    const Cursor first = source->extract(session(), table_, {}).reached;
    source->close(session());
    server("insert into sale values (3, 10), (4, 8)");
    source->open(session());
    const Extract second = source->extract(session(), table_, first);
    EXPECT_THAT(rows("select id from (" + second.select + ") order by id"), ElementsAre("1", "2", "3")) << type;
    EXPECT_THAT(second.reached.text, HasSubstr("\"10")) << type;
    source->close(session());
  }
}

TEST_F(PostgresTest, ATableThatMayNotBeReadIsNamedWithTheRole) {
  const std::string role = "reader_" + random_uuid().substr(0, 8);
  server(fmt::format("create table sale(id int); create role {0} login", role));
  const std::string url = [&] {
    std::string text = database_.url();
    return text.replace(text.find("postgres@"), 8, role);
  }();
  const Connection from = connection_to(url);
  EXPECT_EQ(error([&] {
              const auto source = make_source(from);
              source->describe(table_, {});
            }),
            fmt::format("data: connection `shop`: the role `{0}` may not read `sale` (grant it: grant usage on schema \"public\" to \"{0}\"; grant "
                        "select on \"public\".\"sale\" to \"{0}\")",
                        role));
  server(fmt::format("grant select on sale to {}", role));
  EXPECT_EQ(make_source(from)->describe(table_, {}).name, "sale");
  server(fmt::format("drop owned by {0}; drop role {0}", role));
}

TEST_F(PostgresTest, SaysWhatIsThereInsteadOfATableThatIsNot) {
  server("create table sales(id int)");
  EXPECT_EQ(load_error(), "not_found: connection `shop`: no table `sale` (did you mean `sales`?)");
}

TEST_F(PostgresTest, TheServerAnswersInItsOwnSql) {
  server("create sequence number; create table sale(id int, tags text[]); insert into sale values (1, '{a}'), (2, '{b,c}')");
  const auto source = make_source(connection());
  source->open(session());
  auto& asked = dynamic_cast<SqlServer&>(*source);
  EXPECT_THAT(rows(asked.ask(session(), "select count(*), count(*), sum(cardinality(tags)) filter (where id > 1) from sale -- all")),
              ElementsAre("2|2|2"));
  EXPECT_THAT(error([&] { rows(asked.ask(session(), "select nextval('number')")); }), HasSubstr("read-only transaction"));
  source->close(session());
  EXPECT_THAT(server_rows("select count(*) from sale"), ElementsAre("2"));
}

TEST_F(PostgresTest, TheServersTimeLimitIsSaidToBeOne) {
  server("create table sale(id int); insert into sale select i from generate_series(1, 300000) i;"
         "create view slow as select id, pg_sleep(0.01)::text as s from sale");
  server(fmt::format("alter database {} set statement_timeout = '150ms'", sql::identifier(test_.query("select current_database()").value())));
  table_.from = "slow";
  EXPECT_EQ(load_error(),
            "unavailable: connection `shop`: canceling statement due to statement timeout (the server's `statement_timeout` ends long "
            "statements: raise it for this role (`alter role … set statement_timeout`))");
}

TEST_F(PostgresTest, AStopReachesTheServer) {
  server("create view slow as select pg_sleep(100)::text as s");
  table_.from = "slow";
  std::jthread stopper([&] {
    auto watch = database_.connect();
    while (watch.query("select count(*) from pg_stat_activity where query like '%slow%' and query like 'copy%' and state = 'active' "
                       "and datname = current_database()").value() == "0")
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    session().interrupt();
  });
  const auto source = make_source(connection());
  source->open(session());
  const Extract extract = source->extract(session(), table_, {});
  EXPECT_EQ(error([&] { rows(extract.select); }), "unavailable: interrupted");
  stopper.join();
  for (int tries = 0; tries < 100 && !server_rows("select 1 from pg_stat_activity where query like 'copy%slow%' and state = 'active' and "
                                                  "datname = current_database() and pid <> pg_backend_pid()").empty(); ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_THAT(server_rows("select query from pg_stat_activity where query like 'copy%slow%' and state = 'active' and datname = "
                          "current_database() and pid <> pg_backend_pid()"),
              ElementsAre());
}

TEST_F(PostgresTest, AServerThatIsAwayMayComeBack) {
  const auto source = make_source(connection_to("postgresql://someone:s3cret9@127.0.0.1:1/none"));
  const std::string message = error([&] { source->open(session()); });
  EXPECT_THAT(message, testing::StartsWith("unavailable: connection `shop`: "));
  EXPECT_THAT(message, testing::Not(HasSubstr("s3cret9")));
}

TEST_F(PostgresTest, ASessionThatIsEndedByTheServerMayBeTriedAgain) {
  server("create table sale(id int); insert into sale values (1)");
  const auto source = make_source(connection());
  source->open(session());
  server("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");
  EXPECT_THAT(error([&] { source->extract(session(), table_, {}); }), testing::StartsWith("unavailable: connection `shop`: "));
  source->close(session());
  EXPECT_EQ(load().rows_written, 1);
}

}  // namespace
}  // namespace lochan
