// What every Source does, whatever it reads: included by a test that says how to make a system of each kind.
#pragma once

#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "base/clock.h"
#include "tests/source/contract_system.h"
#include "tests/source/load_lake.h"

namespace lochan {

struct ContractKind {
  std::string name;
  std::unique_ptr<ContractSystem> (*make)();
};

inline void PrintTo(const ContractKind& kind, std::ostream* out) { *out << kind.name; }

inline const TableName kSale{"raw", "sale"};
inline const TableName kTill{"raw", "till"};

class SourceContract : public LoadLake, public testing::WithParamInterface<ContractKind> {
 protected:
  SourceContract() : LoadLake({kSale, kTill}) { read_.name = read_.from = "sale"; }

  void make(std::vector<ContractColumn> columns) {
    table_.columns = std::move(columns);
    table_.has_key = !read_.key.empty();
    system_->configure(read_, table_);
    system_->make(table_);
  }
  void key(const std::string& column) { read_.key = {LocatedText{column, {}}}; }
  void incremental(const std::string& cursor, std::chrono::seconds lookback = std::chrono::seconds{0}) {
    read_.load = LoadMode::Incremental;
    read_.cursor = LocatedText{cursor, {}};
    read_.lookback = lookback;
  }
  void put(const std::vector<ContractRow>& rows) { system_->put(read_, table_, rows); }
  void remove(const std::string& key) { system_->remove(read_, table_, key); }

  LoadedTable load() {
    const Connection connection = system_->connection();
    const auto source = make_source(connection);
    return LoadLake::load(*source, connection, {&read_}).front();
  }
  std::string load_error() {
    return error([&] { load(); });
  }

  const std::unique_ptr<ContractSystem> system_ = GetParam().make();
  ContractTable table_{"sale", {}, true};
  SourceTable read_;
};

inline const std::vector<ContractColumn> kSaleColumns = {
    {"id", ContractType::Whole}, {"what", ContractType::Text}, {"updated_at", ContractType::Time}};

inline std::string at(const std::string& time) { return "2026-11-20 " + time; }

TEST_P(SourceContract, AFullLoadWithAKeyIsALogOfWhatChanged) {
  key("id");
  make(kSaleColumns);
  put({{"1", "pear", at("10:00:00")}, {"2", "fig", std::nullopt}});
  EXPECT_EQ(load().rows_written, 2);
  put({{"2", "kiwi", at("10:00:01")}, {"3", std::nullopt, at("10:00:02")}});
  EXPECT_EQ(load().rows_written, 2);
  EXPECT_THAT(
      rows(latest("id, what, updated_at")),
      testing::ElementsAre("1|pear|2026-11-20 10:00:00", "2|kiwi|2026-11-20 10:00:01", "3|null|2026-11-20 10:00:02"));
  EXPECT_EQ(count("select count(*) from LAKE.raw.sale"), 4);
}

TEST_P(SourceContract, AFullLoadSeesKeysThatAreGoneAndThatComeBack) {
  key("id");
  make(kSaleColumns);
  put({{"1", "pear", std::nullopt}, {"2", "fig", std::nullopt}});
  load();
  remove("1");
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_EQ(load().rows_written, 0);
  EXPECT_THAT(rows(latest("id, what")), testing::ElementsAre("2|fig"));
  put({{"1", "pear", std::nullopt}});
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_THAT(rows(latest("id, what")), testing::ElementsAre("1|pear", "2|fig"));
}

TEST_P(SourceContract, AFullLoadWithoutAKeyHoldsEachRowAsOftenAsTheSource) {
  make({{"what", ContractType::Text}, {"price", ContractType::Exact}});
  put({{"pear", "1.25"}, {"pear", "1.25"}, {"fig", std::nullopt}});
  load();
  EXPECT_EQ(load().rows_written, 0);
  put({{"pear", "1.25"}});
  EXPECT_TRUE(load().changed);
  EXPECT_THAT(rows("select what, price, count(*) from LAKE.raw.sale group by all order by all"),
              testing::ElementsAre("fig|null|1", "pear|1.25|3"));
}

TEST_P(SourceContract, AnIncrementalLoadAddsWhatIsNew) {
  key("id");
  incremental("updated_at");
  make(kSaleColumns);
  put({{"1", "pear", at("10:00:00")}, {"2", "fig", at("10:00:01")}});
  EXPECT_EQ(load().rows_written, 2);
  put({{"2", "kiwi", at("10:00:05")}, {"3", "plum", at("10:00:05.000001")}});
  EXPECT_EQ(load().rows_written, 2);
  put({{"4", "lime", at("10:00:05.000001")}});
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_THAT(rows(latest("id, what")), testing::ElementsAre("1|pear", "2|kiwi", "3|plum", "4|lime"));
}

TEST_P(SourceContract, AnIncrementalLoadWithoutAKeyAddsEachRowOnce) {
  incremental("updated_at");
  make({{"what", ContractType::Text}, {"updated_at", ContractType::Time}});
  put({{"pear", at("10:00:00")}, {"pear", at("10:00:00")}});
  EXPECT_EQ(load().rows_written, 2);
  put({{"pear", at("10:00:00")}, {"fig", at("10:00:00")}});
  EXPECT_EQ(load().rows_written, 2);
  EXPECT_EQ(load().rows_written, 0);
  EXPECT_THAT(rows("select what, count(*) from LAKE.raw.sale group by all order by all"),
              testing::ElementsAre("fig|1", "pear|3"));
}

TEST_P(SourceContract, WhereNothingIsNewNothingIsWritten) {
  key("id");
  for (const LoadMode mode : {LoadMode::Full, LoadMode::Incremental}) {
    if (mode == LoadMode::Incremental) incremental("updated_at");
    if (mode == LoadMode::Full) {
      make(kSaleColumns);
      put({{"1", "pear", at("10:00:00")}, {"2", "", std::nullopt}});
    }
    load();
    const auto before = find(kSale);
    const LoadedTable again = load();
    EXPECT_FALSE(again.changed);
    EXPECT_EQ(again.rows_written, 0);
    EXPECT_EQ(find(kSale)->data_version, before->data_version);
  }
}

TEST_P(SourceContract, AnEmptyTableHasItsColumns) {
  make(kSaleColumns);
  EXPECT_TRUE(load().changed);
  std::vector<std::string> names;
  const auto made = find(kSale);
  ASSERT_TRUE(made);
  for (const Column& column : made->columns) names.push_back(column.name);
  EXPECT_THAT(names, testing::IsSupersetOf({"id", "what", "updated_at"}));
  EXPECT_EQ(count("select count(*) from LAKE.raw.sale"), 0);
  EXPECT_FALSE(load().changed);
}

TEST_P(SourceContract, AColumnThatIsNewIsAdded) {
  key("id");
  incremental("updated_at");
  make(kSaleColumns);
  put({{"1", "pear", at("10:00:00")}});
  load();
  table_.columns.push_back({"unit", ContractType::Text});
  system_->add_column(table_);
  put({{"2", "fig", at("10:00:01"), "kg"}});
  EXPECT_THAT(load().added_columns, testing::ElementsAre("unit"));
  EXPECT_THAT(rows(latest("id, unit")), testing::ElementsAre("1|null", "2|kg"));
}

TEST_P(SourceContract, AColumnThatBecameTextIsRefused) {
  key("id");
  make({{"id", ContractType::Whole}, {"pieces", ContractType::Whole}});
  put({{"1", "5"}});
  load();
  system_->make_text(table_, "pieces");
  put({{"1", "many"}});
  EXPECT_THAT(load_error(), testing::StartsWith("data: "));
  EXPECT_THAT(load_error(), testing::HasSubstr("`pieces`"));
  EXPECT_THAT(rows(latest("id, pieces")), testing::ElementsAre("1|5"));
}

TEST_P(SourceContract, AnAttemptThatWasGivenUpLeavesNothingBehind) {
  key("id");
  incremental("updated_at");
  make(kSaleColumns);
  put({{"1", "pear", at("10:00:00")}});
  load();
  put({{"2", "fig", at("10:00:01")}});
  const Connection connection = system_->connection();
  const auto source = make_source(connection);
  LoadRequest request{
      source_, connection, {&read_}, {{kSale, find(kSale)}}, run(), loaded_at_ += std::chrono::seconds{1}};
  const Landing place = landing();
  request.landing = &place;
  EXPECT_EQ(lochan::load(session(), *source, request).front().rows_written, 1);
  abandon();
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_THAT(rows(latest("id, what")), testing::ElementsAre("1|pear", "2|fig"));
  EXPECT_EQ(count("select count(*) from LAKE.raw.sale"), 2);
}

TEST_P(SourceContract, AConnectionThatIsDownIsUnavailableUntilItIsBack) {
  key("id");
  make(kSaleColumns);
  put({{"1", "pear", std::nullopt}});
  load();
  system_->go_away();
  EXPECT_THAT(load_error(), testing::StartsWith("unavailable: connection `shop`: "));
  EXPECT_THAT(error([&] { make_source(system_->connection())->discover(); }),
              testing::StartsWith("unavailable: connection `shop`: "));
  system_->come_back();
  EXPECT_EQ(load().rows_written, 0);
  EXPECT_THAT(rows(latest("id, what")), testing::ElementsAre("1|pear"));
}

TEST_P(SourceContract, NamesMayBeAnything) {
  table_.name = R"(Odd "sale" it's; 100% -- ä)";
  key(R"(the "key" it's)");
  incremental("order");
  make({{R"(the "key" it's)", ContractType::Whole},
        {"order", ContractType::Time},
        {"Preis in €", ContractType::Exact},
        {"select", ContractType::Text},
        {"back\\slash `tick`", ContractType::Text}});
  put({{"1", at("10:00:00"), "1.50", "a", "b"}});
  EXPECT_EQ(load().rows_written, 1);
  put({{"2", at("10:00:01"), "2.50", "c", "d"}, {"1", at("10:00:01"), "1.75", "a", "b"}});
  EXPECT_EQ(load().rows_written, 2);
  EXPECT_THAT(
      rows(latest(R"("the ""key"" it's", "Preis in €", "select", "back\slash `tick`")", R"("the ""key"" it's")")),
      testing::ElementsAre("1|1.75|a|b", "2|2.50|c|d"));
}

TEST_P(SourceContract, TextComesOverAsItIs) {
  std::vector<std::string> texts = {"it's",           "\"quoted\"",
                                    "two\nlines",     "tab\tand\rreturn",
                                    "back\\slash\\n", "comma, semicolon; pipe|",
                                    "péar ß 日本",    "🍐👩‍🌾",
                                    "  blanks  ",     "null",
                                    "%_$1?:x@y",      std::string(100'000, 'x')};
  if (system_->tells_empty_from_null()) texts.emplace_back("");
  if (system_->holds_nul()) texts.emplace_back(std::string_view("a\0b", 3));
  key("id");
  make({{"id", ContractType::Whole}, {"what", ContractType::Text}});
  std::vector<ContractRow> rows_put;
  for (std::size_t i = 0; i < texts.size(); ++i) rows_put.push_back({fmt::format("{}", i), texts[i]});
  rows_put.push_back({"1000", std::nullopt});
  put(rows_put);
  load();
  const Rows read = session().query(in_place("select what from LAKE.raw.sale order by id"));
  ASSERT_EQ(read.rows.size(), rows_put.size());
  for (std::size_t i = 0; i < rows_put.size(); ++i) EXPECT_EQ(read.rows[i][0], rows_put[i][1]);
  EXPECT_EQ(load().rows_written, 0);
}

TEST_P(SourceContract, NumbersKeepEveryDigit) {
  key("id");
  make({{"id", ContractType::Whole}, {"price", ContractType::Exact}, {"share", ContractType::Real}});
  put({{"-9223372036854775808", "-1234567890.01", "0.1"},
       {"-1", "0.00", "-1.7976931348623157e308"},
       {"0", "0.01", "5e-324"},
       {"9007199254740993", "0.10", "0.30000000000000004"},
       {"9223372036854775807", "99999999999.99", "123456789.12345679"}});
  load();
  EXPECT_THAT(rows("select id, price, share from LAKE.raw.sale order by id"),
              testing::ElementsAre("-9223372036854775808|-1234567890.01|0.1", "-1|0.00|-1.7976931348623157e+308",
                                   "0|0.01|5e-324", "9007199254740993|0.10|0.30000000000000004",
                                   "9223372036854775807|99999999999.99|123456789.12345679"));
}

// A system of tables, with columns that only grow, and transactions.
class TableSourceContract : public SourceContract {
 protected:
  SqlSystem& tables() { return dynamic_cast<SqlSystem&>(*system_); }
};

TEST_P(TableSourceContract, RowsWithTheHighestCursorValueAreNotLost) {
  key("id");
  incremental("updated_at");
  make(kSaleColumns);
  put({{"1", "pear", at("10:00:00")}});
  load();
  put({{"2", "fig", at("10:00:00")}, {"1", "kiwi", at("10:00:00")}});
  EXPECT_EQ(load().rows_written, 2);
  EXPECT_THAT(rows(latest("id, what")), testing::ElementsAre("1|kiwi", "2|fig"));
}

TEST_P(TableSourceContract, RowsThatComeLateAreFoundWithinTheLookback) {
  key("id");
  incremental("updated_at", std::chrono::seconds{60});
  make(kSaleColumns);
  put({{"1", "pear", at("10:10:00")}});
  load();
  put({{"2", "fig", at("10:09:00")}, {"3", "old", at("10:08:59")}});
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_THAT(rows(latest("id, what")), testing::ElementsAre("1|pear", "2|fig"));
}

TEST_P(TableSourceContract, RowsWithoutACursorValueAreReadEachTime) {
  key("id");
  incremental("updated_at");
  make(kSaleColumns);
  put({{"1", "pear", at("10:00:00")}, {"2", "fig", std::nullopt}});
  EXPECT_EQ(load().rows_written, 2);
  put({{"2", "kiwi", std::nullopt}, {"3", "plum", std::nullopt}});
  EXPECT_EQ(load().rows_written, 2);
  EXPECT_EQ(load().rows_written, 0);
  EXPECT_THAT(rows(latest("id, what")), testing::ElementsAre("1|pear", "2|kiwi", "3|plum"));
}

TEST_P(TableSourceContract, AnIncrementalLoadSeesDeletesWhereItIsAskedTo) {
  key("id");
  incremental("updated_at");
  read_.deletes = SourceDeletes::Detect;
  make(kSaleColumns);
  put({{"1", "pear", at("10:00:00")}, {"2", "fig", at("10:00:01")}, {"3", "plum", at("10:00:02")}});
  load();
  remove("1");
  put({{"4", "kiwi", at("10:00:03")}});
  EXPECT_EQ(load().rows_written, 2);
  EXPECT_EQ(load().rows_written, 0);
  EXPECT_THAT(rows(latest("id, what")), testing::ElementsAre("2|fig", "3|plum", "4|kiwi"));
  remove("2");
  EXPECT_EQ(load().rows_written, 1);
  put({{"1", "pear", at("10:00:04")}});
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_THAT(rows(latest("id, what")), testing::ElementsAre("1|pear", "3|plum", "4|kiwi"));
}

TEST_P(TableSourceContract, ACursorMayBeANumberOrAText) {
  key("id");
  for (const std::string cursor : {"id", "what"}) {
    read_.name = cursor == "id" ? "sale" : "till";
    table_.name = read_.name;
    incremental(cursor);
    make(kSaleColumns);
    put({{"9", "b", std::nullopt}});
    load();
    put({{"10", "bb", std::nullopt}, {"11", "c", std::nullopt}});
    EXPECT_EQ(load().rows_written, 2) << cursor;
    put({{"8", "a", std::nullopt}});
    EXPECT_EQ(load().rows_written, 0) << cursor;
  }
}

TEST_P(TableSourceContract, ATableThatIsGoneIsNotFoundAndStaysInTheLake) {
  key("id");
  make(kSaleColumns);
  put({{"1", "pear", std::nullopt}});
  load();
  tables().drop(table_);
  ContractTable other = table_;
  other.name = "sales";
  tables().make(other);
  EXPECT_EQ(load_error(), "not_found: connection `shop`: no table `sale` (did you mean `sales`?)");
  EXPECT_THAT(rows(latest("id, what")), testing::ElementsAre("1|pear"));
}

TEST_P(TableSourceContract, SaysWhatIsOnOffer) {
  key("id");
  make(kSaleColumns);
  const std::vector<Stream> streams = make_source(system_->connection())->discover();
  ASSERT_EQ(streams.size(), 1U);
  EXPECT_EQ(streams[0].name, "sale");
  EXPECT_THAT(streams[0].key, testing::ElementsAre("id"));
  ASSERT_EQ(streams[0].columns.size(), 3U);
  EXPECT_EQ(streams[0].columns[0].type, "BIGINT");
  EXPECT_EQ(streams[0].columns[1].type, "VARCHAR");
  EXPECT_EQ(streams[0].columns[2].type, "TIMESTAMP");
  EXPECT_EQ(make_source(system_->connection())->describe(read_, {}).columns, streams[0].columns);
}

TEST_P(TableSourceContract, WideNumbersKeepEveryDigit) {
  const std::string type = system_->lake_type_of_wide();
  if (type.empty()) GTEST_SKIP() << "it has no exact numbers of more digits than a double";
  make({{"id", ContractType::Whole}});
  tables().execute(fmt::format("alter table {} add column price {}", tables().name("sale"), "decimal(38,9)"));
  tables().execute(
      "insert into sale values (1, 12345678901234567890123456789.123456789), (2, "
      "-99999999999999999999999999999.999999999)");
  load();
  EXPECT_THAT(rows("select price, typeof(price) from LAKE.raw.sale order by id"),
              testing::ElementsAre("12345678901234567890123456789.123456789|" + type,
                                   "-99999999999999999999999999999.999999999|" + type));
}

// Each load must see the till and the sales as they were at one moment: together they never change.
TEST_P(TableSourceContract, AllTablesAreReadAsOfOneMoment) {
  key("id");
  make({{"id", ContractType::Whole}, {"money", ContractType::Whole}});
  ContractTable till = table_;
  till.name = "till";
  tables().make(till);
  SourceTable read_till = read_;
  read_till.name = read_till.from = "till";
  for (const ContractTable& table : {table_, till}) tables().put(read_, table, {{"1", "500"}, {"2", "500"}});
  std::atomic<int> moved = 0;
  {
    const std::jthread writer([&](const std::stop_token& stop) {
      const auto connection = tables().connect();
      for (int i = 0; !stop.stop_requested(); ++i) {
        connection->execute(tables().begin());
        connection->execute(fmt::format("update sale set money = money - 1 where id = {}", i % 2 + 1));
        connection->execute(fmt::format("update till set money = money + 1 where id = {}", i % 2 + 1));
        connection->execute("commit");
        ++moved;
      }
    });
    for (int i = 0; i < 8; ++i) {
      const int before = moved;
      while (moved < before + 3) std::this_thread::yield();
      const Connection connection = system_->connection();
      const auto source = make_source(connection);
      LoadLake::load(*source, connection, {&read_, &read_till});
      const std::string all = fmt::format("select sum(m)::bigint from (({}) union all ({}))", latest("id, money as m"),
                                          latest("id, money as m", "_source, id", "till"));
      EXPECT_EQ(count(all), 2000) << "load " << i;
    }
  }
  EXPECT_GT(count("select count(*) from LAKE.raw.sale"), 2);
}

// Two writers at once, with transactions that take their time or are rolled back, while loads run and the connection is
// lost: when the writing stops, the next load has all of it.
TEST_P(TableSourceContract, ATableThatIsWrittenToIsWholeInTheEnd) {
  key("id");
  incremental("updated_at", std::chrono::hours{1});
  make({{"id", ContractType::Whole}, {"money", ContractType::Whole}, {"updated_at", ContractType::Time}});
  std::map<int, int> money[2];
  std::atomic<int> written = 0;
  const auto write = [&](const std::stop_token& stop, int writer) {
    const auto connection = tables().connect();
    std::mt19937 random(static_cast<unsigned>(writer));
    for (int i = 1; !stop.stop_requested(); ++i) {
      std::map<int, int> now = money[writer];
      bool is_kept = i % 7 != 0;
      try {
        connection->execute(tables().begin());
        for (int row = 0; row < 3; ++row) {
          const int id = static_cast<int>(random() % 50) * 2 + writer;
          const std::string time = to_string(SystemClock().now()).substr(0, 19);
          connection->execute(fmt::format("delete from sale where id = {}", id));
          connection->execute(fmt::format("insert into sale values ({}, {}, '{}')", id, i, time));
          now[id] = i;
        }
        if (i % 20 == 0) std::this_thread::sleep_for(std::chrono::milliseconds{100});
      } catch (const Error&) {
        is_kept = false;  // a deadlock with the other writer
      }
      connection->execute(is_kept ? "commit" : "rollback");
      if (is_kept) money[writer] = now;
      ++written;
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
  };
  {
    const std::jthread first(write, 0), second(write, 1);
    for (int i = 0; i < 6; ++i) {
      const int before = written;
      while (written < before + 10) std::this_thread::yield();
      if (i == 3 && system_->may_go_away_while_written()) {
        system_->go_away();
        EXPECT_THAT(load_error(), testing::StartsWith("unavailable: "));
        system_->come_back();
      }
      load();
    }
  }
  load();
  std::map<int, int> all = money[0];
  all.insert(money[1].begin(), money[1].end());
  std::vector<std::string> expected;
  for (const auto& [id, value] : all) expected.push_back(fmt::format("{}|{}", id, value));
  EXPECT_EQ(rows(latest("id, money")), expected);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TableSourceContract);

inline std::string contract_name(const testing::TestParamInfo<ContractKind>& kind) { return kind.param.name; }

}  // namespace lochan
