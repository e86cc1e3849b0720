// The company in PostgreSQL is the company in SQLite, and outlives a server that goes away.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/postgres_database.h"
#include "simulate/totesys.h"
#include "simulate/totesys_schema.h"
#include "tests/simulate/shop_fixture.h"
#include "tests/support/postgres_server.h"

namespace lochan {
namespace {

class TotesysPostgresTest : public ShopTest {
 protected:
  static TotesysConfig company(std::int64_t ticks) {
    TotesysConfig config;
    config.fast = true;
    config.ticks = ticks;
    config.updates_per_tick = 4;
    return config;
  }
  void live(Database& database, const TotesysConfig& config) {
    const Totesys company{"totesys", database};
    simulate_totesys({&company, 1}, config, SystemClock(), log_, {});
  }

  // Values as both write them: amounts with two digits, instants with six.
  static std::string dump(Database& database, bool is_server) {
    std::string text;
    for (std::size_t i = 0; i < kTotesysTables; ++i) {
      const TotesysTableText& table = totesys_table(static_cast<TotesysTable>(i));
      std::string columns;
      for (const std::string_view column : table.columns) {
        const bool is_money = column.ends_with("_price") || column == "payment_amount";
        columns += is_money && !is_server          ? fmt::format("printf('%.2f', {}), ", column)
                   : column == "paid" && is_server ? "paid::int, "
                                                   : fmt::format("{}, ", column);
      }
      for (const char* time : {"created_at", "last_updated"})
        columns +=
            is_server ? fmt::format("to_char({}, 'YYYY-MM-DD HH24:MI:SS.US'), ", time) : fmt::format("{}, ", time);
      text += fmt::format("{}:\n", table.name);
      for (const DbRow& row : database.query(fmt::format("select {} 0 from {} order by 1", columns, table.sql_name))) {
        for (std::size_t column = 0; column < row.size(); ++column) text += row.text(column) + "|";
        text += "\n";
      }
    }
    return text;
  }
  std::string in_file(const TotesysConfig& config) {
    const auto database = open_sqlite(file("totesys"));
    live(*database, config);
    return dump(*database, false);
  }

  PostgresDatabase postgres_;
};

TEST_F(TotesysPostgresTest, SameSeedGivesTheSameRowsAsInSqlite) {
  const auto server = open_postgres(postgres_.url(), "totesys");
  live(*server, company(120));
  const std::string wanted = in_file(company(120));
  EXPECT_GT(wanted.size(), 100'000u);
  EXPECT_TRUE(dump(*server, true) == wanted);
  EXPECT_EQ(
      postgres_.connect()
          .query("select count(*) from information_schema.columns where column_name in ('created_at', 'last_updated')"
                 " and data_type = 'timestamp without time zone' and table_schema = 'public'")
          .value(),
      "22");
}

TEST_F(TotesysPostgresTest, GoesOnAfterItsServerWentAway) {
  const auto server = open_postgres(postgres_.url(), "totesys");
  std::jthread cutter([&](const std::stop_token& stop) {
    auto other = postgres_.connect();
    while (!stop.stop_requested()) {
      other.execute(
          "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> "
          "pg_backend_pid()");
      std::this_thread::sleep_for(std::chrono::milliseconds{300});
    }
  });
  live(*server, company(40));
  cutter.request_stop();
  cutter.join();
  EXPECT_TRUE(dump(*server, true) == in_file(company(40)));
}

}  // namespace
}  // namespace lochan
