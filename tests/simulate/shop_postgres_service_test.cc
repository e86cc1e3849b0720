// A shop in PostgreSQL is the shop in SQLite: the same seed gives the same rows and the same updates.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/error.h"
#include "base/postgres_database.h"
#include "base/sqlite_database.h"
#include "simulate/shop_place.h"
#include "tests/simulate/shop_fixture.h"
#include "tests/support/postgres_server.h"

namespace lochan {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

struct Table {
  const char* name;
  const char* columns;
  int money;  // the number of columns at the end that are amounts
};

constexpr Table kTables[] = {
    {"customer", "id, created_at, updated_at, first_name, last_name, email, phone, city", 0},
    {"product", "id, created_at, updated_at, name, country, unit, price", 1},
    {"employee", "id, hired_at, updated_at, name, position", 0},
    {"sale", "id, created_at, updated_at, sold_at, customer_id, employee_id, payment_type", 0},
    {"sale_item", "id, created_at, updated_at, sale_id, product_id, quantity, price, discount", 3},
    {"generator_state", "name, value", 0},
};

// SQLite keeps `2.50` as the number 2.5 and a time as the text it was given; PostgreSQL leaves a fraction of 0 away.
std::string dump(Database& shop, bool is_server) {
  std::string text;
  for (const Table& table : kTables) {
    std::string columns = table.columns;
    if (is_server)
      for (const std::string time : {"created_at", "updated_at", "sold_at"})
        if (const auto at = columns.find(time); at != std::string::npos)
          columns.replace(at, time.size(), fmt::format("to_char({}, 'YYYY-MM-DD HH24:MI:SS.US')", time));
    text += fmt::format("{}:\n", table.name);
    for (const DbRow& row : shop.query(fmt::format("select {} from {} order by 1", columns, table.name))) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        const bool is_money = i + static_cast<std::size_t>(table.money) >= row.size();
        text += (i == 0 ? "" : "|") + (is_money ? fmt::format("{:.2f}", std::stod(row.text(i))) : row.text(i));
      }
      text += "\n";
    }
  }
  return text;
}

class ShopPostgresTest : public ShopTest {
 protected:
  std::unique_ptr<Database> server() const { return open_postgres(postgres_.url(), "branch_1"); }
  std::string in_server() const { return dump(*server(), true); }
  std::string in_file(const ShopConfig& config) {
    simulate("branch_1", config);
    return dump(*open_sqlite(file("branch_1")), false);
  }
  std::string ask(const std::string& sql) const { return postgres_.connect().query(sql).value(); }
  bool was_told(const std::string& beginning) const {
    return std::ranges::any_of(log_.lines(), [&](const auto& line) { return line.starts_with(beginning); });
  }

  PostgresDatabase postgres_;
};

TEST_F(ShopPostgresTest, SameSeedGivesTheSameRowsAsInSqlite) {
  for (const std::int64_t seed : {1, 42, 7000}) {
    SCOPED_TRACE(seed);
    ShopConfig config = fast(150);
    config.seed = seed;
    config.tick_interval = hours{2};
    config.delete_older_than = hours{72};
    config.update_not_older_than = hours{20};
    config.update_rows_per_tick = 5;
    config.rows_per_tick = {.customer = 2, .product = 1, .employee = 1, .sale = 4, .sale_item = 9};
    config.start = ShopConfig{}.start - hours{8};  // midnight: the age of an employee is counted in days
    PostgresDatabase fresh;
    const auto shop = open_postgres(fresh.url(), "branch_1");
    simulate_shop(*shop, "branch_1", config, SystemClock(), log_, {});
    std::filesystem::remove(file("branch_1"));
    const std::string wanted = in_file(config);
    EXPECT_GT(wanted.size(), 100'000u);
    EXPECT_TRUE(dump(*shop, true) == wanted);
  }
}

TEST_F(ShopPostgresTest, HasForeignKeysAndIndexes) {
  simulate_shop(*server(), "branch_1", fast(1), SystemClock(), log_, {});
  EXPECT_EQ(ask("select count(*) from information_schema.table_constraints where constraint_type = 'FOREIGN KEY'"), "4");
  EXPECT_EQ(ask("select count(*) from pg_indexes where schemaname = 'public'"), "16");
  EXPECT_EQ(ask("select data_type || ' ' || numeric_precision || ' ' || numeric_scale from information_schema.columns"
                " where table_name = 'product' and column_name = 'price'"),
            "numeric 10 2");
}

TEST_F(ShopPostgresTest, GoesOnAfterItsServerWentAway) {
  const ShopConfig config = fast(60);
  const auto shop = server();
  // Every connection of the shop is cut, at whatever it does, until it is through.
  std::jthread cutter([&](const std::stop_token& stop) {
    auto other = postgres_.connect();
    while (!stop.stop_requested()) {
      other.execute(
          "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> "
          "pg_backend_pid()");
      std::this_thread::sleep_for(std::chrono::milliseconds{300});
    }
  });
  simulate_shop(*shop, "branch_1", config, SystemClock(), log_, {});
  cutter.request_stop();
  cutter.join();
  EXPECT_TRUE(was_told("warn branch_1: waits for its database"));
  EXPECT_TRUE(in_server() == in_file(config));
}

TEST_F(ShopPostgresTest, TwoGeneratorsOfOneShopTakeTurns) {
  ShopConfig config = fast(20);
  const auto first = server(), second = server();
  {
    std::jthread other([&] { simulate_shop(*second, "branch_1", config, SystemClock(), log_, {}); });
    simulate_shop(*first, "branch_1", config, SystemClock(), log_, {});
  }
  config.ticks = 40;
  EXPECT_TRUE(in_server() == in_file(config));
}

TEST_F(ShopPostgresTest, AServerThatIsAwayIsSaidAtOnce) {
  try {
    open_shop_database(shop_at("postgresql://nobody@127.0.0.1:1/branch_1"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    EXPECT_NE(error.message().find("connection `branch_1`: connection to server at \"127.0.0.1\", port 1 failed"),
              std::string::npos)
        << error.message();
  }
}

TEST_F(ShopPostgresTest, SpeaksTlsWhenItsUrlSaysSo) {
  const auto shop = open_shop_database(shop_at(postgres_.url() + "?sslmode=require"));
  EXPECT_EQ(shop->query("select ssl::text from pg_stat_ssl where pid = pg_backend_pid()").at(0).text(0), "true");
}

}  // namespace
}  // namespace lochan
