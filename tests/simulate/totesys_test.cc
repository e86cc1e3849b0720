#include "simulate/totesys.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"
#include "simulate/totesys_schema.h"
#include "tests/simulate/shop_fixture.h"

namespace lochan {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class TotesysTest : public ShopTest {
 protected:
  static TotesysConfig company(std::int64_t ticks) {
    TotesysConfig config;
    config.fast = true;
    config.ticks = ticks;
    config.tick_interval = std::chrono::minutes{10};
    return config;
  }
  void live(const TotesysConfig& config, const std::string& file_name = "totesys") {
    const auto database = open_sqlite(file(file_name));
    const Totesys company{"totesys", *database};
    simulate_totesys({&company, 1}, config, SystemClock(), log_, {});
  }
  std::string all_rows(const std::string& name) const {
    std::string text = rows(name, "select * from generator_state order by 1");
    for (std::size_t i = 0; i < kTotesysTables; ++i)
      text +=
          rows(name, fmt::format("select * from {} order by 1", totesys_table(static_cast<TotesysTable>(i)).sql_name));
    return text;
  }
};

// The rows of a seed may never change: other tests count on them.
TEST_F(TotesysTest, SeedOneGivesTheseRows) {
  TotesysConfig config = company(1);
  config.orders = 1;
  config.orders_per_tick = config.purchases_per_tick = 1;
  live(config);
  EXPECT_EQ(rows("totesys", "select * from sales_order order by 1"),
            "1|16|17|18|22253|3.11|3|2026-01-04|2025-11-23|23|2025-11-17 08:00:00.000000|2026-01-01 08:10:00.000000\n"
            "2|11|2|10|58938|3.66|2|2026-01-07|2026-01-16|22|2026-01-01 08:10:00.000000|2026-01-01 08:10:00.000000\n");
  EXPECT_EQ(
      rows("totesys", "select * from payment order by 1"),
      "1|1|18|51467.39|3|1|1|2025-11-23|37462312|22513439|2025-11-17 08:00:00.000000|2026-01-01 08:00:00.000000\n"
      "2|2|10|215713.08|2|1|0|2026-01-16|43826358|56317977|2026-01-01 08:10:00.000000|2026-01-01 08:10:00.000000\n"
      "3|3|2|206386.05|1|3|0|2026-01-05|70601202|46231374|2026-01-01 08:10:00.000000|2026-01-01 08:10:00.000000\n");
}

TEST_F(TotesysTest, SameSeedGivesTheSameFileByteForByteAtOnceOrInParts) {
  live(company(60), "first");
  live(company(60), "second");
  EXPECT_TRUE(read_file(file("first")) == read_file(file("second")));
  live(company(25), "parts");
  live(company(35), "parts");
  EXPECT_TRUE(all_rows("first") == all_rows("parts"));
  TotesysConfig other = company(60);
  other.seed = 2;
  live(other, "other");
  EXPECT_FALSE(all_rows("first") == all_rows("other"));
}

TEST_F(TotesysTest, LiveRowsAreThoseOfFastTimeButForTheTime) {
  live(company(5), "fast");
  TotesysConfig config = company(5);
  config.fast = false;
  config.tick_interval = std::chrono::milliseconds{1};
  live(config, "live");
  const std::string sql =
      "select sales_order_id, design_id, staff_id, counterparty_id, units_sold, unit_price from sales_order order by 1";
  EXPECT_EQ(rows("fast", sql), rows("live", sql));
}

TEST_F(TotesysTest, KeysHoldAndPaymentsAreWhatTheOrdersSay) {
  TotesysConfig config = company(200);
  config.updates_per_tick = 4;
  live(config);
  EXPECT_EQ(rows("totesys", "pragma foreign_key_check"), "");
  EXPECT_EQ(value("totesys", "pragma integrity_check"), "ok");
  EXPECT_EQ(value("totesys", "select count(*) from sales_order"), "600");
  EXPECT_EQ(value("totesys",
                  "select count(*) from \"transaction\" where (sales_order_id is null) = (purchase_order_id is null)"),
            "0");
  // What isn't paid yet follows its order.
  const std::string differing =
      "select count(*) from payment p join \"transaction\" t using (transaction_id) join sales_order s using "
      "(sales_order_id)"
      " where abs(p.payment_amount - s.units_sold * s.unit_price) > 0.001 and p.paid = ";
  EXPECT_EQ(value("totesys", differing + "0"), "0");
  EXPECT_NE(value("totesys", differing + "1"), "0");
}

TEST_F(TotesysTest, ATickChangesWhatItWasToldTo) {
  TotesysConfig config = company(1);
  live(config);
  config.orders_per_tick = 5;
  config.purchases_per_tick = 3;
  config.updates_per_tick = 7;
  config.payments_per_tick = 4;
  live(config);
  const std::string at = value("totesys", "select value from generator_state where name = 'last_tick_at'");
  EXPECT_EQ(at, "2026-01-01 08:20:00.000000");
  const auto touched = [&](const std::string& table, const std::string& which) {
    return value("totesys", fmt::format("select count(*) from {} where {} = '{}'", table, which, at));
  };
  EXPECT_EQ(touched("sales_order", "created_at"), "5");
  EXPECT_EQ(touched("purchase_order", "created_at"), "3");
  EXPECT_EQ(value("totesys", fmt::format("select count(*) from payment where paid = 1 and last_updated = '{}'", at)),
            "4");
  EXPECT_THAT(log_.lines(), Contains(HasSubstr("new: 5 sales orders, 3 purchase orders")));
  EXPECT_THAT(log_.lines(), Contains(HasSubstr("; 7 orders changed; 4 payments paid")));
}

TEST_F(TotesysTest, HasAsManyOrdersAsItIsTold) {
  TotesysConfig config = company(1);
  config.orders = 1200;
  config.orders_per_tick = 0;
  config.purchases_per_tick = 0;
  live(config);
  EXPECT_EQ(value("totesys", "select count(*) from sales_order"), "1200");
  EXPECT_EQ(value("totesys", "select count(*) from purchase_order"), "600");
  EXPECT_EQ(value("totesys", "select count(*) from payment"), "1800");
  EXPECT_EQ(value("totesys", "select count(distinct date(created_at)) > 85 from sales_order"), "1");
}

TEST_F(TotesysTest, WritesEachRowToTheLogWhenAsked) {
  TotesysConfig config = company(1);
  config.orders = 1;
  config.log_level = LogLevel::Debug;
  live(config);
  EXPECT_THAT(log_.lines(), Contains(StartsWith("debug totesys: insert currency currency_id=1 currency_code=GBP")));
  EXPECT_THAT(log_.lines(), Contains(StartsWith("debug totesys: update sales_order sales_order_id=1 units_sold=")));
}

TEST_F(TotesysTest, RefusesWhatHasNoEndOrIsNoNumberOfRows) {
  const auto message = [&](const TotesysConfig& config) {
    try {
      live(config);
    } catch (const Error& error) {
      return error.message();
    }
    return std::string();
  };
  TotesysConfig config = company(1);
  config.ticks = std::nullopt;
  EXPECT_EQ(message(config), "simulated time has no end");
  config = company(1);
  config.orders = -1;
  EXPECT_EQ(message(config), "`-1` is no number of rows from 0 to 10000000");
}

}  // namespace
}  // namespace lochan
