// SQLite declares little and checks nothing: what its values become, and what is said of those that can't be read.
#include <gmock/gmock.h>

#include <fstream>
#include <set>

#include "tests/source/load_fixture.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SqliteTest : public LoadFixture {
 protected:
  std::string path() const { return (folder_ / "shop.db").string(); }
};

TEST_F(SqliteTest, CarriesEachDeclaredTypeOverExactly) {
  shop(
      "create table sale(i integer, d decimal(10,2), n numeric, r real, b boolean, day date, at timestamp, "
      "zone timestamp with time zone, bytes blob, what text, bare);"
      "insert into sale values (9007199254740993, 12345678.91, 0.1, 0.1, 1, '2026-11-20', '2026-11-20 10:00:00.5', "
      "'2026-11-20T10:00:00+02:00', x'00ff', 'péar', 'x'), (null, null, null, null, null, null, null, null, null, "
      "null, null)");
  load();
  EXPECT_EQ(find(kRawSale)->columns, raw_columns(std::vector<Column>{{"i", "BIGINT", true},
                                                                     {"d", "DECIMAL(10,2)", true},
                                                                     {"n", "DOUBLE", true},
                                                                     {"r", "DOUBLE", true},
                                                                     {"b", "BOOLEAN", true},
                                                                     {"day", "DATE", true},
                                                                     {"at", "TIMESTAMP", true},
                                                                     {"zone", "TIMESTAMP WITH TIME ZONE", true},
                                                                     {"bytes", "BLOB", true},
                                                                     {"what", "VARCHAR", true},
                                                                     {"bare", "VARCHAR", true}}));
  EXPECT_THAT(
      rows("select i, d, n, r, b, day, \"at\", zone, bytes, what, bare from LAKE.raw.sale order by i nulls last"),
      ElementsAre("9007199254740993|12345678.91|0.1|0.1|true|2026-11-20|2026-11-20 10:00:00.5|2026-11-20 08:00:00+00|"
                  "\\x00\\xFF|péar|x",
                  "null|null|null|null|null|null|null|null|null|null|null"));
}

TEST_F(SqliteTest, NamesTheValueThatItsTypeCannotHold) {
  shop("create table sale(id integer, price decimal(10,2)); insert into sale values (1, 'cheap')");
  EXPECT_EQ(load_error(),
            "data: connection `shop`: column `price` of `sale` holds `cheap`, which is no DECIMAL(10,2) (correct the "
            "value at the "
            "source, or read the table through a view that casts it)");
  shop("update sale set price = 1.005");
  EXPECT_THAT(load_error(), HasSubstr("`price` of `sale` holds `1.005`"));
  EXPECT_FALSE(find(kRawSale));
}

TEST_F(SqliteTest, AddsAColumnThatIsNewAtTheSource) {
  key("id");
  shop("create table sale(id integer); insert into sale values (1)");
  load();
  shop("alter table sale add column unit text default 'kg'");
  const LoadedTable loaded = load();
  EXPECT_THAT(loaded.added_columns, ElementsAre("unit"));
  EXPECT_TRUE(loaded.changed);
  EXPECT_THAT(rows("select id, unit from LAKE.raw.sale order by _loaded_at"), ElementsAre("1|null", "1|kg"));
}

TEST_F(SqliteTest, KeepsAColumnThatIsGoneAtTheSource) {
  key("id");
  shop("create table sale(id integer, unit text); insert into sale values (1, 'kg')");
  load();
  shop("alter table sale drop column unit; insert into sale values (2)");
  load();
  EXPECT_THAT(rows("select id, unit from LAKE.raw.sale order by _loaded_at, id"), ElementsAre("1|kg", "2|null"));
}

TEST_F(SqliteTest, RefusesAColumnOfAnotherType) {
  shop("create table sale(id integer); insert into sale values (1)");
  load();
  shop("drop table sale; create table sale(id text)");
  EXPECT_EQ(load_error(),
            "data: `id` of `sale` was BIGINT and is VARCHAR now (load it under a new name (`sale_2: { from: sale }`), "
            "or change "
            "the type back at the source)");
  EXPECT_EQ(count("select count(*) from LAKE.raw.sale"), 1);
}

TEST_F(SqliteTest, SaysWhatIsThereInsteadOfATableThatIsNot) {
  shop("create table sales(id integer)");
  EXPECT_EQ(load_error(), "not_found: connection `shop`: no table `sale` (did you mean `sales`?)");
  shop("drop table sales; create table customer(id integer)");
  EXPECT_EQ(load_error(), "not_found: connection `shop`: no table `sale` (there are customer)");
}

TEST_F(SqliteTest, AFileThatIsGoneMayComeBack) {
  EXPECT_EQ(load_error(), "unavailable: connection `shop`: there is no file `" + path() +
                              "` (check the connection's path in lochan.yaml)");
}

TEST_F(SqliteTest, ADamagedFileIsSaidToBeOne) {
  std::ofstream(path()) << std::string(4096, 'x');
  EXPECT_EQ(load_error(),
            "data: connection `shop`: `" + path() +
                "` is no sound SQLite database: file is not a database (`sqlite3 FILE 'pragma integrity_check'` "
                "says what is wrong with it)");
}

TEST_F(SqliteTest, AWriterInWalModeDoesNotLockIt) {
  shop("pragma journal_mode = wal; create table sale(id integer); insert into sale values (1)");
  sqlite3* writer = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &writer), SQLITE_OK);
  sqlite3_exec(writer, "begin immediate; insert into sale values (2)", nullptr, nullptr, nullptr);
  EXPECT_EQ(load().rows_written, 1);
  sqlite3_exec(writer, "commit", nullptr, nullptr, nullptr);
  sqlite3_close(writer);
  EXPECT_EQ(load().rows_written, 2);
}

TEST_F(SqliteTest, NamesTheKeyOrCursorThatIsNoColumn) {
  shop("create table sale(id integer, updated_at timestamp)");
  key("number");
  EXPECT_EQ(load_error(), "data: no column `number` in `sale` to be the key (there are id, updated_at)");
  table_.key.clear();
  incremental("update_at");
  EXPECT_EQ(load_error(),
            "data: connection `shop`: no column `update_at` in `sale` for `cursor` (did you mean `updated_at`?)");
  incremental("id", std::chrono::seconds{60});
  EXPECT_EQ(
      load_error(),
      "project: `id` of `sale` is BIGINT: a lookback needs a cursor that is a time (leave out `lookback`, or choose "
      "another cursor)");
}

TEST_F(SqliteTest, RefusesNamesThatEveryRawTableUses) {
  shop("create table sale(id integer, _run integer)");
  EXPECT_EQ(load_error(),
            "data: `sale` has a column `_run`, a name that every raw table uses itself (read it through a view that "
            "names the column otherwise)");
}

TEST_F(SqliteTest, ItsChangeMarkMovesWithEachCommit) {
  for (const char* mode : {"delete", "wal"}) {
    const std::string name = std::string("mode_") + mode;
    shop(std::string("pragma journal_mode = ") + mode + "; create table sale(id integer)", name);
    const auto source = make_source(connection(name));
    std::set<std::string> marks;
    for (int i = 0; i < 10; ++i) {
      shop("insert into sale values (1); update sale set id = 2", name);
      // A mark that can't be relied on, as the file changed in this very moment, is none.
      const auto mark = source->change_mark({});
      EXPECT_TRUE(!mark || marks.insert(*mark).second) << mode;
    }
    std::filesystem::last_write_time(folder_ / (name + ".db"),
                                     std::filesystem::file_time_type::clock::now() - std::chrono::seconds{2});
    const auto mark = source->change_mark({});
    EXPECT_TRUE(mark && !marks.contains(*mark) == (std::string(mode) == "wal"));
    EXPECT_EQ(source->change_mark({}), mark);
  }
  EXPECT_FALSE(make_source(connection("none"))->change_mark({}));
}

TEST_F(SqliteTest, DiscoversTablesKeysAndIndexes) {
  shop(
      "create table sale(shop integer, id integer, at date not null, primary key (shop, id)); create index sale_at on "
      "sale(at, id);"
      "create view late as select * from sale");
  const std::vector<Stream> streams = make_source(connection())->discover();
  ASSERT_EQ(streams.size(), 2U);
  EXPECT_EQ(streams[0].name, "late");
  EXPECT_EQ(streams[1].name, "sale");
  EXPECT_THAT(streams[1].key, ElementsAre("shop", "id"));
  EXPECT_THAT(streams[1].indexes, ElementsAre("sale_at (at, id)"));
  EXPECT_THAT(streams[1].columns,
              ElementsAre(Column{"shop", "BIGINT", false}, Column{"id", "BIGINT", false}, Column{"at", "DATE", false}));
}

// Offsets, a T or a blank, and times as numbers: the boundary in SQLite's own text must let them all through.
TEST_F(SqliteTest, ReadsOnByTimesHoweverTheyAreWritten) {
  key("id");
  incremental("at");
  shop("create table sale(id integer, at timestamp); insert into sale values (1, '2026-11-20 12:00:00')");
  load();
  shop(
      "insert into sale values (2, '2026-11-20T12:00:01'), (3, '2026-11-20 10:30:00-02:00'), (4, 1795176600), "
      "(5, '2026-11-20 12:00:00.25'), (6, '2026-11-20 11:00:00'), (7, null)");
  EXPECT_EQ(load().rows_written, 5);
  EXPECT_THAT(rows("select id, \"at\" from LAKE.raw.sale order by id"),
              ElementsAre("1|2026-11-20 12:00:00", "2|2026-11-20 12:00:01", "3|2026-11-20 12:30:00",
                          "4|2026-11-20 12:10:00", "5|2026-11-20 12:00:00.25", "7|null"));
}

TEST_F(SqliteTest, AnIncrementalLoadMarksKeysThatAreGoneWhereItIsAsked) {
  key("id");
  incremental("at");
  table_.deletes = SourceDeletes::Detect;
  shop(
      "create table sale(id integer primary key, at timestamp); insert into sale values (1, '2026-11-20'), (2, "
      "'2026-11-20'), (3, '2026-11-21')");
  EXPECT_EQ(load().rows_written, 3);
  shop("delete from sale where id < 3");
  EXPECT_EQ(load().rows_written, 2);
  EXPECT_THAT(rows(latest("id")), ElementsAre("3"));
  EXPECT_EQ(load().rows_written, 0);
  shop("delete from sale; insert into sale values (1, '2026-11-22')");
  EXPECT_EQ(load().rows_written, 2);
  EXPECT_THAT(rows(latest("id")), ElementsAre("1"));
}

}  // namespace
}  // namespace lochan
