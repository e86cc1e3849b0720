// Loading against an oracle: whatever happens at the source, the log's latest versions are the source, and a version is in
// the log once.
#include "source/load.h"

#include <gmock/gmock.h>

#include <random>
#include <set>

#include "engine/compaction.h"
#include "tests/source/load_fixture.h"

namespace lochan {
namespace {

using testing::ElementsAre;

struct Sale {
  int price = 0;
  std::optional<int> at;  // seconds of the hour; nothing: null
  friend bool operator==(const Sale&, const Sale&) = default;
};
using Shop = std::map<int, Sale>;  // by id

class LoadTest : public LoadFixture, public testing::WithParamInterface<unsigned> {
 protected:
  LoadTest() {
    for (const char* name : {"shop", "kiosk"}) shop("create table sale(id integer, price integer, updated_at timestamp)", name);
  }

  int random(int from, int to) { return std::uniform_int_distribution<int>(from, to)(random_); }

  static std::string time_of(const Sale& sale) {
    return sale.at ? fmt::format("'2026-11-20 10:{:02}:{:02}'", *sale.at / 60, *sale.at % 60) : "null";
  }

  void write(const Shop& rows, const std::string& name = "shop") {
    std::string sql = "begin; delete from sale;";
    for (const auto& [id, sale] : rows) sql += fmt::format("insert into sale values ({}, {}, {});", id, sale.price, time_of(sale));
    shop(sql + "commit;", name);
  }

  static std::vector<std::string> lines(const Shop& rows, const std::string& name = "shop") {
    std::vector<std::string> result;
    for (const auto& [id, sale] : rows)
      result.push_back(fmt::format("{}|{:04}|{}", name, id, sale.price));
    return result;
  }

  // Sales now, or up to `late` seconds ago; corrections of some; a few without a time.
  void trade(Shop& rows, int now, int late) {
    for (int i = random(0, 4); i > 0; --i) rows[static_cast<int>(rows.size()) + 1] = sale(now, late);
    for (int i = random(0, 3); i > 0 && !rows.empty(); --i) {
      auto row = std::next(rows.begin(), random(0, static_cast<int>(rows.size()) - 1));
      row->second = sale(now, late);
    }
  }
  Sale sale(int now, int late) {
    if (random(0, 9) == 0) return {random(1, 9), std::nullopt};
    return {random(1, 9), std::max(0, now - random(0, late))};
  }

  // How many versions a load must add, for it sees `rows` and has seen `seen`.
  static std::int64_t differing(const Shop& rows, const Shop& seen) {
    std::int64_t count = 0;
    for (const auto& [id, sale] : rows) {
      const auto before = seen.find(id);
      count += before == seen.end() || !(before->second == sale) ? 1 : 0;
    }
    return count;
  }

  std::mt19937 random_{GetParam()};
};

const std::string kLines = "concat(_source, '|', format('{:04d}', id), '|', price)";

TEST_P(LoadTest, IncrementalLoadsKeepTheLatestVersionsEqualToTheSource) {
  const int lookback = GetParam() % 2 == 0 ? 0 : 30;
  key("id");
  incremental("updated_at", std::chrono::seconds{lookback});
  std::map<std::string, Shop> shops, seen;
  int now = 100;
  for (int tick = 0; tick < 14; ++tick) {
    now += random(0, 1) * random(0, 20);  // often the very second of the last load
    const std::string name = random(0, 1) == 0 ? "shop" : "kiosk";
    trade(shops[name], now, lookback);
    write(shops[name], name);
    const LoadedTable loaded = load(name);
    EXPECT_EQ(loaded.rows_written, differing(shops[name], seen[name])) << "tick " << tick;
    seen[name] = shops[name];
    auto expected = lines(seen["kiosk"], "kiosk");
    for (const std::string& line : lines(seen["shop"])) expected.push_back(line);
    ASSERT_EQ(rows(latest(kLines)), expected) << "tick " << tick;
  }
}

TEST_P(LoadTest, FullLoadsWithAKeyAlsoMarkTheKeysThatAreGone) {
  key("id");
  Shop rows_now, seen;
  std::int64_t versions = 0;
  for (int tick = 0; tick < 12; ++tick) {
    trade(rows_now, 100 + tick, 50);
    if (random(0, 1) == 0 && !rows_now.empty())
      rows_now.erase(std::next(rows_now.begin(), random(0, static_cast<int>(rows_now.size()) - 1)));
    write(rows_now);
    const LoadedTable loaded = load();
    versions += differing(rows_now, seen);
    for (const auto& [id, sale] : seen) versions += rows_now.contains(id) ? 0 : 1;
    seen = rows_now;
    ASSERT_EQ(rows(latest(kLines)), lines(rows_now)) << "tick " << tick;
    ASSERT_EQ(count("select count(*) from LAKE.raw.sale"), versions) << "tick " << tick;
    EXPECT_EQ(loaded.rows_read, static_cast<std::int64_t>(rows_now.size()));
  }
}

TEST_P(LoadTest, FullLoadsWithoutAKeyHoldWhatEachConnectionHolds) {
  std::map<std::string, Shop> shops;
  for (int tick = 0; tick < 10; ++tick) {
    const std::string name = random(0, 1) == 0 ? "shop" : "kiosk";
    const Shop before = shops[name];
    if (random(0, 3) > 0) trade(shops[name], 100 + tick, 50);
    if (random(0, 2) == 0) shops[name].clear();
    write(shops[name], name);
    const bool is_first = tick == 0;
    const LoadedTable loaded = load(name);
    EXPECT_EQ(loaded.changed, is_first || !(before == shops[name])) << "tick " << tick;
    auto expected = lines(shops["kiosk"], "kiosk");
    for (const std::string& line : lines(shops["shop"])) expected.push_back(line);
    ASSERT_EQ(rows("select " + kLines + " from LAKE.raw.sale order by all"), expected) << "tick " << tick;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, LoadTest, testing::Values(1U, 2U, 3U));

class LogTest : public LoadFixture {};

// Two sales of the same kind at the same second are two sales, and reading that second again adds neither of them.
TEST_F(LogTest, WithoutAKeyEqualRowsAtTheBoundaryAreCounted) {
  incremental("at");
  shop("create table sale(what text, at timestamp); insert into sale values ('pear', '2026-11-20 10:00:00')");
  EXPECT_EQ(load().rows_written, 1);
  shop("insert into sale values ('pear', '2026-11-20 10:00:00'), ('fig', '2026-11-20 10:00:00')");
  EXPECT_EQ(load().rows_written, 2);
  EXPECT_EQ(load().rows_written, 0);
  EXPECT_THAT(rows("select what, count(*) from LAKE.raw.sale group by all order by all"), ElementsAre("fig|1", "pear|2"));
}

TEST_F(LogTest, SaysHowARowCameIn) {
  key("id");
  shop("create table sale(id integer); insert into sale values (1)");
  load();
  shop("delete from sale");
  load();
  EXPECT_THAT(rows("select id, _source, _loaded_at, _run, _deleted, dt from LAKE.raw.sale order by _loaded_at"),
              ElementsAre("1|shop|2026-11-20 23:59:51+00|1|false|2026-11-20", "1|shop|2026-11-20 23:59:52+00|2|true|2026-11-20"));
}

// A shop's database can be empty for a moment, and comes back.
TEST_F(LogTest, AKeyThatComesBackIsANewVersion) {
  key("id");
  shop("create table sale(id integer, price integer); insert into sale values (1, 5)");
  load();
  shop("delete from sale");
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_EQ(load().rows_written, 0);
  shop("insert into sale values (1, 5)");
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_THAT(rows(latest("id, price")), ElementsAre("1|5"));
}

TEST_F(LogTest, NothingNewChangesNothing) {
  key("id");
  incremental("id");
  shop("create table sale(id integer); insert into sale values (1)");
  EXPECT_TRUE(load().changed);
  const auto before = find(kRawSale);
  EXPECT_FALSE(load().changed);
  EXPECT_EQ(find(kRawSale)->data_version, before->data_version);
}

// Each load adds a file: without compaction the table would have 40 of them.
TEST_F(LogTest, ManyLoadsLeaveFewFilesAndEveryVersion) {
  key("id");
  incremental("id");
  shop("create table sale(id integer); insert into sale values (0)");
  load();
  for (int id = 1; id < 40; ++id) {
    shop(fmt::format("insert into sale values ({})", id));
    ASSERT_EQ(load().rows_written, 1);
  }
  EXPECT_EQ(count("select count(*) + count(distinct _loaded_at) from LAKE.raw.sale"), 80);
  EXPECT_LT(count("select count(*) from iceberg_metadata(LAKE.raw.sale)"), 20);
  EXPECT_EQ(find(kRawSale)->columns, raw_columns(std::vector<Column>{{"id", "BIGINT", true}}));
}

TEST_F(LogTest, CountsDeletesWhenItsRowsAreExchanged) {
  shop("create table sale(id integer)");
  shop("create table sale(id integer); insert into sale values (0)", "kiosk");
  load("kiosk");
  for (int id = 1; id < 12; ++id) {
    shop(fmt::format("delete from sale; insert into sale values ({})", id));
    load();
  }
  EXPECT_THAT(rows("select _source, id from LAKE.raw.sale order by all"), ElementsAre("kiosk|0", "shop|11"));
  EXPECT_LT(read_table_files(session(), in_place("LAKE.raw.sale")).deletes, 11);
}

}  // namespace
}  // namespace lochan
