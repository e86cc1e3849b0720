#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "check/postgres_audit.h"
#include "tests/support/postgres_server.h"

namespace lochan {
namespace {

using testing::HasSubstr;

TEST(PostgresAuditTest, ChecksInPostgresqlsOwnSql) {
  const PostgresDatabase database;
  PostgresConnection sql = database.connect();
  sql.execute(
      "create schema shop; create table shop.sale (id int, day date, amount numeric(10,2)); insert into shop.sale "
      "values "
      "(1, '2026-01-01', 3.5), (2, '2026-01-02', 1.2), (3, null, -1)");
  const auto failing = [&](CheckConfig config) {
    config.name = config.kind;
    const std::vector<CheckConfig> configs{config};
    const CheckResult result =
        audit_in_postgres(sql, {"mart", "sale"}, {"shop", "sale"}, configs, "2026-01-03 00:00:00+00").at(0);
    EXPECT_LE(result.sample.rows.size(), static_cast<std::size_t>(result.failing));
    return result.error.empty() ? std::to_string(result.failing) : result.error;
  };
  const auto of = [](std::string kind, std::string column) {
    CheckConfig config;
    config.kind = std::move(kind);
    if (!column.empty()) config.columns = {{std::move(column), {}}};
    return config;
  };
  sql.execute("begin");
  EXPECT_EQ(failing(of("not_null", "day")), "1");
  EXPECT_EQ(failing(of("unique", "id")), "0");
  CheckConfig check = of("range", "amount");
  check.min = "0";
  EXPECT_EQ(failing(check), "1");
  check = of("row_count", "");
  check.min = "4";
  EXPECT_EQ(failing(check), "1");
  check.min = "3";
  EXPECT_EQ(failing(check), "0");
  check = of("accepted_values", "id");
  check.values = {"1", "2"};
  EXPECT_EQ(failing(check), "1");
  check = of("pattern", "id");
  check.pattern = "[12]";
  EXPECT_EQ(failing(check), "1");
  check = of("freshness", "day");
  check.max_age = std::chrono::seconds{3600};
  EXPECT_EQ(failing(check), "1");
  check.max_age = std::chrono::hours{48};
  EXPECT_EQ(failing(check), "0");
  check = of("expression", "");
  check.expression = "amount > 1.5";
  EXPECT_EQ(failing(check), "2");
  check.expression = "cost > 1";
  EXPECT_THAT(failing(check), HasSubstr("column \"cost\" does not exist"));
  EXPECT_EQ(failing(of("unique", "amount")), "0") << "the transaction goes on after a check that could not be run";
  sql.execute("rollback");
}

}  // namespace
}  // namespace lochan
