// Which rows a PostgreSQL table's next load reads, by `cursor: xmin`, and which keys it finds gone.
#include <gmock/gmock.h>

#include "base/json.h"
#include "tests/source/postgres_fixture.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PostgresXminTest : public PostgresFixture {
 protected:
  PostgresXminTest() {
    key("id");
    incremental("xmin");
  }
  std::vector<std::string> lake() { return rows(latest("id, what")); }
  /// The ids of the rows that are read after `from`.
  std::vector<std::string> read_ids(const std::string& from, bool expect_whole) {
    const auto source = make_source(connection());
    source->open(session());
    const Extract extract = source->extract(session(), table_, Cursor{from});
    EXPECT_EQ(extract.is_whole, expect_whole);
    reached_ = extract.reached.text;
    auto ids = rows("select id from (" + extract.select + ") order by id");
    source->close(session());
    return ids;
  }
  std::string reached_;
};

TEST_F(PostgresXminTest, WhatALongTransactionCommitsLateIsNotLost) {
  server("create table sale(id int primary key, what text); insert into sale values (1, 'pear')");
  PostgresConnection slow = database_.connect();
  slow.execute("begin; insert into sale values (2, 'fig'); savepoint s; insert into sale values (3, 'kiwi')");
  server("insert into sale values (4, 'plum')");
  EXPECT_EQ(load().rows_written, 2);
  server("update sale set what = 'quince' where id = 1; insert into sale values (5, 'date')");
  EXPECT_EQ(load().rows_written, 2);
  slow.execute("commit");
  EXPECT_EQ(load().rows_written, 2);
  EXPECT_EQ(load().rows_written, 0);
  EXPECT_THAT(lake(), ElementsAre("1|quince", "2|fig", "3|kiwi", "4|plum", "5|date"));
}

TEST_F(PostgresXminTest, OnlyWhatIsNewIsRead) {
  server("create table sale(id int primary key, what text); insert into sale select i, 'x' from generate_series(1, 1000) i");
  read_ids("", true);
  const std::string first = reached_;
  server("insert into sale values (1001, 'y'); update sale set what = 'z' where id = 7");
  server("vacuum freeze sale");
  EXPECT_THAT(read_ids(first, false), ElementsAre("7", "1001"));
  EXPECT_THAT(read_ids(reached_, false), ElementsAre());
}

TEST_F(PostgresXminTest, WhatHappensElsewhereMovesNoCursor) {
  server("create table sale(id int primary key, what text); create table other(id int); insert into sale values (1, 'pear')");
  load();
  LoadedTable settled = load();
  while (settled.rows_read > 0) settled = load();  // other databases' transactions hold the horizon back
  server("insert into other values (1); insert into other values (2)");
  const LoadedTable quiet = load();
  EXPECT_EQ(quiet.reached.text, settled.reached.text);
  server("insert into sale values (2, 'fig')");
  EXPECT_NE(load().reached.text, settled.reached.text);
  EXPECT_THAT(lake(), ElementsAre("1|pear", "2|fig"));
}

TEST_F(PostgresXminTest, ATableThatTookAnothersPlaceIsReadWhole) {
  server("create table sale(id int primary key, what text); insert into sale values (1, 'pear');"
         "create table next(id int primary key, what text); insert into next values (1, 'fig'), (2, 'kiwi')");
  load();
  server("drop table sale; alter table next rename to sale");
  EXPECT_EQ(load().rows_written, 2);
  EXPECT_THAT(lake(), ElementsAre("1|fig", "2|kiwi"));
}

TEST_F(PostgresXminTest, AnAttachedPartitionBringsItsOldRows) {
  server("create table sale(id int, what text) partition by range (id); create table sale_1 partition of sale for values from (0) to (10);"
         "create table sale_2(id int, what text); insert into sale values (1, 'pear'); insert into sale_2 values (11, 'fig')");
  EXPECT_EQ(load().rows_written, 1);
  server("alter table sale attach partition sale_2 for values from (10) to (20)");
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_THAT(lake(), ElementsAre("1|pear", "11|fig"));
}

TEST_F(PostgresXminTest, AnotherHistoryIsReadWhole) {
  server("create table sale(id int primary key, what text); insert into sale values (1, 'pear')");
  read_ids("", true);
  Json state = Json::parse(reached_);
  const Json good = state;
  state["system"] = "123/1";
  EXPECT_THAT(read_ids(state.dump(), true), ElementsAre("1"));
  // It died, and what had ended before may not have been on disk.
  state = good;
  state["life"] = "2001-01-01";
  state["durable"] = false;
  EXPECT_THAT(read_ids(state.dump(), true), ElementsAre("1"));
  state["durable"] = true;
  read_ids(state.dump(), false);  // what it gives depends on transactions of the whole server
  state = good;
  // The server was put back to an earlier day.
  state["xmin"] = std::to_string(std::stoull(good["xmin"].get<std::string>()) + 1000);
  EXPECT_THAT(read_ids(state.dump(), true), ElementsAre("1"));
  // A new column: the rows that are there have values in it too.
  server("alter table sale add column unit text default 'kg'");
  EXPECT_THAT(read_ids(good.dump(), true), ElementsAre("1"));
}

TEST_F(PostgresXminTest, AViewHasNone) {
  server("create view sale as select 1 as id");
  EXPECT_EQ(load_error(),
            "project: `sale` is no table of the server's own, so its rows have no `xmin` (take a column as the cursor, or load it in full)");
}

TEST_F(PostgresXminTest, KeysThatAreGoneAreMarkedWhenAsked) {
  server("create table sale(id int primary key, what text, updated_at timestamp default '2026-11-20'); insert into sale(id, what) values "
         "(1, 'pear'), (2, 'fig'), (3, 'kiwi')");
  for (const char* cursor : {"xmin", "updated_at"}) {
    SCOPED_TRACE(cursor);
    server("truncate sale; insert into sale(id, what) values (1, 'pear'), (2, 'fig'), (3, 'kiwi')");
    incremental(cursor);
    table_.deletes = SourceDeletes::Detect;
    load();
    EXPECT_THAT(lake(), ElementsAre("1|pear", "2|fig", "3|kiwi"));
    server("delete from sale where id = 2");
    EXPECT_EQ(load().rows_written, 1);
    EXPECT_THAT(lake(), ElementsAre("1|pear", "3|kiwi"));
    EXPECT_EQ(load().rows_written, 0);
    server("delete from sale; insert into sale(id, what) values (2, 'fig')");
    EXPECT_EQ(load().rows_written, 3);
    EXPECT_THAT(lake(), ElementsAre("2|fig"));
    table_.deletes = SourceDeletes::Ignore;
    server("delete from sale");
    EXPECT_EQ(load().rows_written, 0);
  }
}

}  // namespace
}  // namespace lochan
