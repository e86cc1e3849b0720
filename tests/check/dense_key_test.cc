// Unique keys of whole numbers are found with a bit each, where that is cheaper: the answer is the hash table's.
#include <gmock/gmock.h>

#include "check/check.h"
#include "check/dense_key.h"
#include "tests/support/run_lake.h"

namespace lochan {
namespace {

using testing::ElementsAre;

const TableName kSale{"staging", "sale"};

CheckConfig unique(const std::vector<std::string>& columns, const std::string& where = "") {
  CheckConfig config;
  config.kind = "unique";
  config.where = where;
  config.position = {"models/staging/sale.sql", 3, 0};
  for (const std::string& column : columns) config.columns.push_back({column, config.position});
  return config;
}

class DenseKeyTest : public testing::Test {
 protected:
  CheckResult audit(const std::string& rows, const CheckConfig& config) {
    session_->execute("drop table if exists staging.sale; create table staging.sale as " + rows);
    shadow_.declare_table(kSale, session_->describe("select * from staging.sale"));
    return lochan::audit(*session_, shadow_, kSale, config, [](const TableName& name) { return quoted(name); }, {});
  }

  Engine engine_{EngineOptions{.threads = 1}};
  std::unique_ptr<Session> session_ = engine_.open_session();
  Shadow shadow_;

 private:
  void SetUp() override { session_->execute("create schema staging"); }
};

struct Case {
  std::string rows;
  CheckConfig config;
  std::int64_t failing = 0;
};

TEST_F(DenseKeyTest, FindsTheKeysThatAreThereTwice) {
  const std::string far = "union all select 9223372036854775807, 1 union all select -9223372036854775808, 1";
  const std::vector<Case> cases = {
      {"select i as id from range(-500, 500) r(i)", unique({"id"}), 0},
      {"select i % 999 as id from range(1000) r(i)", unique({"id"}), 1},
      {"select i::tinyint as id from range(-128, 128) r(i)", unique({"id"}), 0},
      {"select case when i > 9 then i end as id from range(20) r(i)", unique({"id"}), 0},
      {"select null::integer as id from range(20)", unique({"id"}), 0},
      {"select 1 as id where false", unique({"id"}), 0},
      {"select i // 7 as id, i % 7 - 3 as line from range(1000) r(i)", unique({"id", "line"}), 0},
      {"select i // 7 as id, i % 6 as line from range(1000) r(i)", unique({"id", "line"}), 142},
      {"select date '2026-01-01' + i::integer as id from range(100) r(i)", unique({"id"}), 0},
      {"select date '1960-01-01' + (i // 2)::integer as id from range(100) r(i)", unique({"id"}), 50},
      // Too far apart for bits, as all values or as those of rows that the check doesn't look at.
      {"select i as id, 1 as line from range(10) r(i) " + far, unique({"id"}), 0},
      {"select i // 2 as id, 1 as line from range(10) r(i) " + far, unique({"id"}), 5},
      {"select i as id, 1 as line from range(10) r(i) " + far, unique({"id", "line"}, "id between 0 and 9 -- near"), 0},
      {"select i // 2 as id, 1 as line from range(10) r(i) " + far, unique({"line", "id"}, "id between 0 and 9"), 5},
      {"select (i // 2)::hugeint as id from range(10) r(i)", unique({"id"}), 5},
      {"select i % 3 = 0 as id, i from range(3) r(i)", unique({"id"}), 1},
  };
  for (const Case& one : cases) {
    const CheckResult result = audit(one.rows, one.config);
    EXPECT_EQ(result.error, "") << one.rows;
    EXPECT_EQ(result.failing, one.failing) << one.rows;
  }
}

TEST_F(DenseKeyTest, ShowsWhichAreThereTwice) {
  const CheckResult result = audit("select i % 99 as id from range(100) r(i)", unique({"id"}));
  EXPECT_THAT(result.sample.rows, ElementsAre(ElementsAre("0", "2")));
}

TEST_F(DenseKeyTest, SaysWhatIsWrongWithAColumn) {
  EXPECT_NE(audit("select 1 as id", unique({"ide"})).error, "");
}

// No more bits than what they save: the values of a row's place in a hash table.
TEST(DenseKey, FitsWhereTheNumbersLieClose) {
  const std::unique_ptr<Check> check = make_check(unique({"id", "line"}));
  const auto& keys = dynamic_cast<const KeyCheck&>(*check);
  const auto fits = [&](std::vector<std::optional<std::string>> extent) { return DenseKey::of(keys, {"BIGINT", "INTEGER"})->fits(extent); };
  EXPECT_TRUE(fits({"1000", "0", "999", "1", "7"}));
  EXPECT_TRUE(fits({"1000", "0", "999", "1", "128"}));
  EXPECT_FALSE(fits({"1000", "0", "999", "1", "129"}));
  EXPECT_FALSE(fits({"1000", "-9223372036854775808", "9223372036854775807", "1", "1"}));
  EXPECT_FALSE(fits({"1000000000", "0", "268435455", "0", "1"}));
  EXPECT_TRUE(fits({"1000000000", "0", "268435455", "1", "1"}));
  EXPECT_FALSE(fits({"0", std::nullopt, std::nullopt, std::nullopt, std::nullopt}));
  EXPECT_FALSE(DenseKey::of(keys, {"BIGINT", "VARCHAR"}).has_value());
}

}  // namespace
}  // namespace lochan
