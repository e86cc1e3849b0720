#include "simulate/shop.h"

#include <gmock/gmock.h>

#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "tests/simulate/shop_fixture.h"

namespace lochan {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;

// The rows of a seed may never change: people's exercises and other tests count on them.
TEST_F(ShopTest, SeedOneGivesTheseRows) {
  ShopConfig config = fast(1);
  config.initial_rows = {.customer = 2, .product = 2, .employee = 1};
  config.rows_per_tick = {.sale = 1, .sale_item = 2};
  config.update_rows_per_tick = 1;
  simulate("branch_1", config);
  EXPECT_EQ(content("branch_1"), R"(customer:
1|Amara|Sokolov|amara.sokolov1@example.net|+48 739 582 010|Warszawa|2026-01-01 08:00:00.000000|2026-01-01 08:00:00.000000
2|Leila|Zielinska|leila.zielinska2@example.com|+48 791 195 059|Lublin|2026-01-01 08:00:00.000000|2026-01-01 08:00:00.000000
product:
1|Passion fruit|New Zealand|piece|0.67|2026-01-01 08:00:00.000000|2026-01-01 08:10:00.000000
2|Mango|India|piece|2.41|2026-01-01 08:00:00.000000|2026-01-01 08:00:00.000000
employee:
1|Ana Mensah|branch manager|2023-09-25|2026-01-01 08:00:00.000000
sale:
1|1|1|2026-01-01 08:03:08.673000|card|2026-01-01 08:10:00.000000|2026-01-01 08:10:00.000000
sale_item:
1|1|2|5|2.41|0.15|2026-01-01 08:10:00.000000|2026-01-01 08:10:00.000000
2|1|1|4|0.67|0|2026-01-01 08:10:00.000000|2026-01-01 08:10:00.000000
generator_state:
last_customer|2
last_employee|1
last_product|2
last_sale|1
last_sale_item|2
last_tick_at|2026-01-01 08:10:00.000000
ticks|1
)");
}

TEST_F(ShopTest, SameSeedGivesTheSameFileByteForByte) {
  ShopConfig config = fast(200);
  config.delete_older_than = hours{20};
  simulate("branch_1", config, "first");
  simulate("branch_1", config, "second");
  EXPECT_TRUE(read_file(file("first")) == read_file(file("second")));
  EXPECT_FALSE(std::filesystem::exists(file("first").string() + "-wal"));
}

TEST_F(ShopTest, BranchesAndSeedsDiffer) {
  ShopConfig config = fast(2);
  simulate("branch_1", config);
  simulate("branch_2", config);
  EXPECT_NE(content("branch_1"), content("branch_2"));
  config.seed = 2;
  simulate("branch_1", config, "other_seed");
  EXPECT_NE(content("branch_1"), content("other_seed"));
}

TEST_F(ShopTest, GoesOnWhereItStopped) {
  ShopConfig config = fast(50);
  config.delete_older_than = hours{4};
  simulate("branch_1", config, "at_once");
  config.ticks = 20;
  simulate("branch_1", config, "in_parts");
  config.ticks = 30;
  simulate("branch_1", config, "in_parts");
  EXPECT_EQ(content("at_once"), content("in_parts"));
}

TEST_F(ShopTest, LiveRowsAreThoseOfFastTimeButForTheTime) {
  ShopConfig config = fast(5);
  simulate("branch_1", config, "fast");
  config.fast = false;
  config.tick_interval = std::chrono::milliseconds{1};
  simulate("branch_1", config, "live");
  const std::string sql =
      "select s.id, customer_id, employee_id, payment_type, product_id, quantity, price, discount"
      " from sale s join sale_item i on i.sale_id = s.id order by i.id";
  EXPECT_EQ(rows("fast", sql), rows("live", sql));
}

TEST_F(ShopTest, ForeignKeysAndPricesHold) {
  ShopConfig config = fast(300);
  config.delete_older_than = hours{10};
  config.rows_per_tick = {.customer = 2, .product = 1, .employee = 1, .sale = 4, .sale_item = 9};
  config.update_rows_per_tick = 6;
  simulate("branch_1", config);
  EXPECT_EQ(rows("branch_1", "pragma foreign_key_check"), "");
  EXPECT_EQ(value("branch_1", "pragma integrity_check"), "ok");
  EXPECT_EQ(value("branch_1", "select count(*) from sale where id not in (select sale_id from sale_item)"), "0");
  // Nothing moved the price since the item was sold, so the item has it.
  EXPECT_EQ(value("branch_1",
                  "select count(*) from sale_item i join product p on p.id = i.product_id"
                  " where p.updated_at < i.created_at and p.price <> i.price"),
            "0");
  EXPECT_NE(value("branch_1",
                  "select count(*) from sale_item i join product p on p.id = i.product_id where p.price <> i.price"),
            "0");
}

TEST_F(ShopTest, InsertsTheRowsAskedForInEachTick) {
  ShopConfig config = fast(10);
  config.initial_rows = {.customer = 3, .product = 4, .employee = 2};
  config.rows_per_tick = {.customer = 2, .product = 1, .employee = 1, .sale = 5, .sale_item = 13};
  simulate("branch_1", config);
  EXPECT_EQ(
      value("branch_1",
            "select (select count(*) from customer), (select count(*) from product), (select count(*) from employee),"
            " (select count(*) from sale), (select count(*) from sale_item)"),
      "23|14|12|50|130");
}

TEST_F(ShopTest, UpdatesOnlyRowsYoungerThanGivenAndSaysWhen) {
  ShopConfig config = fast(100);
  config.update_not_older_than = minutes{30};
  config.update_rows_per_tick = 5;
  simulate("branch_1", config);
  for (const std::string table : {"sale", "sale_item", "customer", "product"}) {
    const std::string age = "(julianday(updated_at) - julianday(created_at)) * 1440";
    EXPECT_EQ(value("branch_1", "select count(*) from " + table + " where " + age + " > 30.001"), "0") << table;
  }
  EXPECT_NE(value("branch_1", "select count(*) from sale where updated_at > created_at"), "0");
  EXPECT_NE(value("branch_1", "select count(*) from customer where updated_at > created_at"), "0");
}

TEST_F(ShopTest, UpdatesARandomSetOfColumns) {
  ShopConfig config = fast(200);
  config.log_level = LogLevel::Debug;
  simulate("branch_1", config);
  std::set<std::string> columns;
  for (const std::string& line : log_.lines()) {
    if (!line.starts_with("debug branch_1: update customer")) continue;
    std::string names;
    for (const char* column : {"last_name", "email", "phone", "city"})
      if (line.find(std::string(" ") + column + "=") != std::string::npos) names += std::string(column) + " ";
    columns.insert(names);
    EXPECT_THAT(line, HasSubstr(" updated_at=2026-01-0"));
  }
  EXPECT_GT(columns.size(), 5u);
}

TEST_F(ShopTest, DeletesSalesOlderThanGivenWithTheirItems) {
  ShopConfig config = fast(20);
  config.delete_older_than = hours{1};
  simulate("branch_1", config);
  // Ticks are ten minutes apart, the last at 11:20; a sale of 10:20 is as old as may be.
  EXPECT_EQ(value("branch_1", "select min(created_at) from sale"), "2026-01-01 10:20:00.000000");
  EXPECT_EQ(value("branch_1", "select count(*) from sale"), "21");
  EXPECT_EQ(value("branch_1", "select min(id) from sale"), "40");
  EXPECT_EQ(value("branch_1", "select count(*) from sale_item where sale_id < 40"), "0");
}

TEST_F(ShopTest, GoesOnWithoutTheRowsThatSomebodyDeleted) {
  ShopConfig config = fast(5);
  config.rows_per_tick = {.sale = 0, .sale_item = 0};
  simulate("branch_1", config);
  for (const char* table : {"customer", "product", "employee"})
    open_sqlite(file("branch_1"))->execute(fmt::format("delete from {} where id % 2 = 1 or id > 10", table));
  config.rows_per_tick = {.sale = 4, .sale_item = 9};
  config.update_rows_per_tick = 5;
  simulate("branch_1", config);
  EXPECT_EQ(value("branch_1", "select count(*) from sale_item"), "45");
  EXPECT_EQ(rows("branch_1", "pragma foreign_key_check"), "");
  const auto shop = open_sqlite(file("branch_1"));
  shop->execute("pragma foreign_keys = off");
  shop->execute("delete from product");
  try {
    simulate_shop(*shop, "branch_1", config, SystemClock(), log_, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "branch_1: there is no row left in `product`, so nothing can be sold");
  }
}

TEST_F(ShopTest, NumbersAreNeverGivenTwice) {
  ShopConfig config = fast(3);
  config.delete_older_than = minutes{5};
  simulate("branch_1", config);
  config.rows_per_tick = {.sale = 0, .sale_item = 0};
  simulate("branch_1", config);
  EXPECT_EQ(value("branch_1", "select count(*) from sale"), "0");
  config.rows_per_tick = {.sale = 1, .sale_item = 1};
  config.ticks = 1;
  simulate("branch_1", config);
  EXPECT_EQ(value("branch_1", "select id from sale"), "10");
}

TEST_F(ShopTest, WritesALineForEachTick) {
  ShopConfig config = fast(2);
  config.delete_older_than = minutes{5};
  simulate("branch_1", config);
  simulate("branch_1", config);
  EXPECT_THAT(
      log_.lines(),
      ElementsAre(
          "info branch_1: opens at 2026-01-01 08:00:00.000000; new: 20 customers, 12 products, 5 employees",
          "info branch_1: tick 1 at 2026-01-01 08:10:00.000000; new: 1 customer, 3 sales, 6 sale items; 2 rows updated",
          "info branch_1: tick 2 at 2026-01-01 08:20:00.000000; new: 1 customer, 3 sales, 6 sale items; 2 rows "
          "updated; 3 "
          "sales with 6 items deleted",
          "info branch_1: stopped after 2 ticks", "info branch_1: goes on after tick 2 at 2026-01-01 08:20:00.000000",
          "info branch_1: tick 3 at 2026-01-01 08:30:00.000000; new: 1 customer, 3 sales, 6 sale items; 2 rows "
          "updated; 3 "
          "sales with 6 items deleted",
          "info branch_1: tick 4 at 2026-01-01 08:40:00.000000; new: 1 customer, 3 sales, 6 sale items; 2 rows "
          "updated; 3 "
          "sales with 6 items deleted",
          "info branch_1: stopped after 2 ticks"));
}

TEST_F(ShopTest, DebugWritesEveryRow) {
  ShopConfig config = fast(1);
  config.log_level = LogLevel::Debug;
  simulate("branch_1", config);
  const auto lines = log_.lines();
  EXPECT_EQ(std::ranges::count_if(lines, [](const auto& line) { return line.starts_with("debug branch_1: insert "); }),
            20 + 12 + 5 + 1 + 3 + 6);
  EXPECT_EQ(std::ranges::count_if(lines, [](const auto& line) { return line.starts_with("debug branch_1: update "); }),
            2);
}

TEST_F(ShopTest, StopsAfterTheGivenSimulatedTime) {
  ShopConfig config = fast(0);
  config.ticks.reset();
  config.stop_after = hours{1};
  simulate("branch_1", config);
  EXPECT_EQ(value("branch_1", "select value from generator_state where name = 'ticks'"), "6");
}

TEST_F(ShopTest, StopsAfterTheGivenTimeByTheClock) {
  ShopConfig config;
  config.tick_interval = std::chrono::milliseconds{1};
  config.stop_after = minutes{10};
  const SteppingClock clock(config.start, minutes{1});
  const auto database = open_sqlite(file("branch_1"));
  simulate_shop(*database, "branch_1", config, clock, log_, {});
  EXPECT_EQ(log_.lines().back(), "info branch_1: stopped after 3 ticks");
}

TEST_F(ShopTest, TimeNeverGoesBack) {
  ShopConfig config = fast(3);
  simulate("branch_1", config);
  config.fast = false;
  config.tick_interval = std::chrono::milliseconds{1};
  const SteppingClock late(config.start - hours{1}, std::chrono::microseconds{0});
  const auto database = open_sqlite(file("branch_1"));
  simulate_shop(*database, "branch_1", config, late, log_, {});
  EXPECT_EQ(value("branch_1", "select max(created_at), count(distinct created_at) from sale"),
            "2026-01-01 08:30:00.000003|6");
}

TEST_F(ShopTest, AStopIsHeardBetweenTicks) {
  ShopConfig config;
  config.tick_interval = hours{1};
  const auto database = open_sqlite(file("branch_1"));
  std::stop_source stop;
  std::jthread asker([&] {
    while (log_.lines().size() < 2) std::this_thread::yield();
    stop.request_stop();
  });
  simulate_shop(*database, "branch_1", config, SystemClock(), log_, stop.get_token());
  EXPECT_EQ(log_.lines().back(), "info branch_1: stopped after 1 tick");
}

TEST_F(ShopTest, WaitsForALockedDatabase) {
  const ShopConfig config = fast(2);
  simulate("branch_1", config, "free");
  const auto database = open_sqlite(file("locked"), {.busy_timeout_ms = 10});
  const auto other = open_sqlite(file("locked"));
  std::jthread shop;
  other->write([&] {
    shop = std::jthread([&] { simulate_shop(*database, "branch_1", config, SystemClock(), log_, {}); });
    const auto is_waiting = [&] {
      const auto lines = log_.lines();
      return std::ranges::any_of(lines, [](const auto& line) { return line.starts_with("warn branch_1: waits"); });
    };
    while (!is_waiting()) std::this_thread::yield();
  });
  shop.join();
  EXPECT_EQ(content("locked"), content("free"));
}

TEST_F(ShopTest, SeveralShopsLiveAtOnceEachAsAlone) {
  const ShopConfig config = fast(30);
  simulate("branch_1", config, "alone");
  {
    const auto first = open_sqlite(file("branch_1")), second = open_sqlite(file("branch_2"));
    const std::vector<Shop> shops = {{"branch_1", *first}, {"branch_2", *second}};
    simulate_shops(shops, config, SystemClock(), log_, {});
  }
  EXPECT_TRUE(read_file(file("branch_1")) == read_file(file("alone")));
  EXPECT_EQ(value("branch_2", "select count(*) from sale"), "90");
}

TEST_F(ShopTest, OneThatFailsStopsTheOthers) {
  const auto good = open_sqlite(file("good")), bad = open_sqlite(file("bad"));
  bad->execute("create table sale(nothing_of_a_shop text)");
  ShopConfig config;
  config.tick_interval = hours{1};
  const std::vector<Shop> shops = {{"good", *good}, {"bad", *bad}};
  EXPECT_THROW(simulate_shops(shops, config, SystemClock(), log_, {}), Error);
}

}  // namespace
}  // namespace lochan
