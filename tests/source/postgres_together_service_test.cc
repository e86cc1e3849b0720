// Many tables of PostgreSQL asked for at once: the same comes out as when each is asked for alone.
#include <gmock/gmock.h>

#include <deque>

#include "source/asked_together.h"
#include "tests/source/postgres_fixture.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PostgresTogetherTest : public PostgresFixture {
 protected:
  SourceTable& add(const std::string& from, const std::string& cursor = "") {
    SourceTable& table = tables_.emplace_back();
    table.name = table.from = from;
    if (!cursor.empty()) table.load = LoadMode::Incremental, table.cursor = LocatedText{cursor, {}};
    return table;
  }
  void ask_for(Source& source, const std::vector<Cursor>& from = {}) {
    std::vector<AskedTogether::Table> asked;
    for (std::size_t i = 0; i < tables_.size(); ++i) asked.push_back({&tables_[i], from.empty() ? Cursor{} : from[i]});
    dynamic_cast<AskedTogether&>(source).ask_for(asked);
  }
  // All that is told of each table from these cursors on, with its rows.
  std::vector<std::string> told(bool together, std::vector<Cursor>& cursors) {
    const auto source = make_source(connection());
    source->open(session());
    if (together) ask_for(*source, cursors);
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < tables_.size(); ++i) {
      std::string line = tables_[i].from;
      for (const Column& column : source->describe(tables_[i], {}).columns)
        line += fmt::format(" {} {}", column.name, column.type);
      const Extract extract = source->extract(session(), tables_[i], cursors[i]);
      line += fmt::format("|{}|{}|{}|{}|{}|{}|{}", extract.reached.text, extract.is_whole, extract.surely_nothing,
                          extract.within, extract.rows.value_or(-1), extract.is_little, extract.keys.empty());
      for (const std::string& row : rows("select * from (" + extract.select + ") order by all")) line += "\n  " + row;
      lines.push_back(line);
      reached_.push_back(extract.reached);
    }
    source->close(session());
    return lines;
  }
  int sessions() {
    return std::stoi(
        server_rows(
            "select count(*) from pg_stat_activity where datname = current_database() and backend_type = 'client "
            "backend' and pid <> pg_backend_pid()")
            .front());
  }

  std::deque<SourceTable> tables_;
  std::vector<Cursor> reached_;
};

TEST_F(PostgresTogetherTest, TellsWhatItTellsOfEachAlone) {
  server(
      "create table sale(id int primary key, at timestamp); insert into sale select i, timestamp '2026-01-01' + i * "
      "interval '1 hour' "
      "from generate_series(1, 50) i; create view late as select * from sale; create schema other; create table "
      "other.sale(n numeric);"
      "insert into other.sale values (1), ('NaN'), (2.5); create table \"Od\"\"d, {name}\\\"(id int, at date);"
      "create table parted(id int, at timestamptz) partition by range (at); create table empty(id int, at timestamp);"
      "create table parted_1 partition of parted for values from ('2026-01-01') to ('2026-02-01');"
      "insert into parted select i, timestamptz '2026-01-02 00:00+02' from generate_series(1, 5) i;"
      "create table ruled(id int, at timestamp); alter table ruled enable row level security; insert into ruled values "
      "(1, now())");
  add("sale", "at").lookback = std::chrono::hours{2};
  add("public.sale", "id").deletes = SourceDeletes::Detect;
  tables_.back().key = {LocatedText{"id", {}}};
  add("sale");
  for (const char* from : {"late", "parted", "empty", "ruled"}) add(from, "at");
  add("other.sale", "n");
  add("Od\"d, {name}\\", "at");
  add("parted_1");
  std::vector<Cursor> cursors(tables_.size());
  const auto first = told(true, cursors);
  EXPECT_EQ(first, told(false, cursors));
  EXPECT_THAT(first.front(), HasSubstr("\n  50|"));
  cursors.assign(reached_.begin(), reached_.begin() + static_cast<std::ptrdiff_t>(tables_.size()));
  server(
      "insert into sale values (51, '2026-01-03 03:00'); delete from sale where id = 3; insert into parted values (6, "
      "'2026-01-20'); "
      "insert into other.sale values (3), (2)");
  const auto second = told(true, cursors);
  EXPECT_EQ(second, told(false, cursors));
  EXPECT_THAT(second.front(), HasSubstr("\"max\":\"2026-01-03 03:00:00\""));
  EXPECT_THAT(second.front(), HasSubstr("(\"at\" >= '2026-01-03 00:00:00'::TIMESTAMP or \"at\" is null)|4|"));
}

// Nothing is said of what isn't asked for, and of the others nothing is lost.
TEST_F(PostgresTogetherTest, WhatIsWrongWithATableIsSaidAtItsTurn) {
  server("create table sale(id int); insert into sale values (1)");
  add("absent");
  add("sale");
  const auto source = make_source(connection());
  source->open(session());
  ask_for(*source);
  EXPECT_EQ(error([&] { source->describe(tables_[0], {}); }),
            "not_found: connection `shop`: no table `absent` (there are sale)");
  EXPECT_THAT(rows(source->extract(session(), tables_[1], {}).select), ElementsAre("1"));
  source->close(session());
}

TEST_F(PostgresTogetherTest, NamesTheTableThatWasEmptiedAfterTheSnapshot) {
  server("create table sale(id int); create table kept(id int); insert into sale values (1)");
  add("kept");
  add("sale");
  const auto source = make_source(connection());
  source->open(session());
  server("truncate sale");
  EXPECT_EQ(error([&] { ask_for(*source); }),
            "unavailable: `sale` was rewritten or emptied just when it was to be read (try again)");
  source->close(session());
}

TEST_F(PostgresTogetherTest, NobodyRewritesATableThatIsAskedFor) {
  server("create table sale(id int); create table kept(id int)");
  add("kept");
  add("sale");
  const auto source = make_source(connection());
  source->open(session());
  ask_for(*source);
  EXPECT_THAT(error([&] { server("set lock_timeout = '50ms'; truncate sale"); }), HasSubstr("lock timeout"));
  source->close(session());
  server("truncate sale");
}

TEST_F(PostgresTogetherTest, OneSessionAsksWhatIsNotRows) {
  server("create table sale(id int); create table kept(id int)");
  add("kept");
  add("sale");
  const auto source = make_source(connection());
  std::vector<const SourceTable*> marked{&tables_[0], &tables_[1]};
  source->change_mark(marked);
  source->describe(tables_[0], {});
  source->open(session());
  ask_for(*source);
  for (const SourceTable& table : tables_) source->extract(session(), table, {});
  EXPECT_EQ(sessions(), 1);
  source->close(session());
}

// Whoever hands small pieces of work around pays more than the work costs.
TEST_F(PostgresTogetherTest, OnlyLargeLoadsAskForThreads) {
  key("id");
  incremental("id");
  server(
      "create table sale(id int primary key, filler text); insert into sale select i, 'x' from generate_series(1, "
      "1000) i; analyze");
  load();
  load();
  EXPECT_EQ(asked_for_threads_, 0);
  server("insert into sale select i, repeat('x', 100) from generate_series(1001, 100000) i");
  load();
  EXPECT_EQ(asked_for_threads_, 1) << "it reads more";
  server("insert into sale values (100001, 'x')");
  load();
  EXPECT_EQ(asked_for_threads_, 2) << "it compares with more";
}

}  // namespace
}  // namespace lochan
