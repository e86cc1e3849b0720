// Each kind of check on rows that pass and rows that fail, and the mistakes in how it is written.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "check/check.h"
#include "tests/support/run_lake.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const TableName kSale{"staging", "sale"};
const TableName kProduct{"staging", "product"};
const Parameters kParameters = check_parameters("2026-11-20 12:00:00+00");

CheckConfig check(const std::string& kind, std::vector<std::string> columns = {}) {
  CheckConfig config;
  config.kind = kind;
  config.position = {"models/staging/sale.sql", 3, 0};
  for (const std::string& column : columns) config.columns.push_back({column, config.position});
  return config;
}

class AuditTest : public testing::Test {
 protected:
  AuditTest() {
    session_->execute("create schema staging; create table staging.sale as select * from (values (1, 10, 'kg', 2.5, timestamp '2026-11-20 09:00'), (2, 11, 'lb', -1, null), "
                      "(2, 12, null, null, timestamp '2026-11-19')) t(id, product_id, unit, price, sold_at); create table staging.product as select 10 as id, 'a' as name");
    for (const TableName& table : {kSale, kProduct})
      shadow_.declare_table(table, session_->describe("select * from " + quoted(table)));
  }

  CheckResult audit(const CheckConfig& config) {
    return lochan::audit(*session_, shadow_, kSale, config, [](const TableName& name) { return quoted(name); }, kParameters);
  }
  static std::string mistake(const CheckConfig& config) {
    try {
      make_check(config);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Project);
      EXPECT_EQ(error.position(), config.position);
      return error.message();
    }
    return "none";
  }

  Engine engine_{EngineOptions{.threads = 1}};
  std::unique_ptr<Session> session_ = engine_.open_session();
  Shadow shadow_;
};

// A check, how many rows of the table fail it.
struct Case {
  std::string name;
  CheckConfig config;
  std::int64_t failing = 0;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  const auto add = [&](const std::string& name, std::int64_t failing, CheckConfig config) { all.push_back({name, config, failing}); };
  add("not_null", 1, check("not_null", {"unit"}));
  add("not_null of several", 1, check("not_null", {"unit", "price"}));
  add("not_null holds", 0, check("not_null", {"id"}));
  add("unique", 1, check("unique", {"id"}));
  add("unique together", 0, check("unique", {"id", "product_id"}));
  add("unique passes nulls", 0, check("unique", {"unit"}));
  CheckConfig config = check("accepted_values", {"unit"});
  config.values = {"kg", "piece"};
  add("accepted_values", 1, config);
  config = check("accepted_values", {"id"});
  config.values = {"1", "2"};
  add("accepted_values of numbers", 0, config);
  config = check("range", {"price"});
  config.min = "0";
  add("range", 1, config);
  config.where = "unit <> 'lb' -- a comment";
  add("range where", 0, config);
  config = check("pattern", {"unit"});
  config.pattern = "k";
  add("pattern is of the whole value", 2, config);
  config.pattern = "(kg|l.)";
  add("pattern holds, and null passes", 0, config);
  config = check("pattern", {"id"});
  config.pattern = "[0-1]";
  add("pattern of numbers", 2, config);
  config = check("freshness", {"sold_at"});
  config.max_age = std::chrono::hours{3};
  add("freshness, to the instant", 0, config);
  config.max_age = std::chrono::hours{3} - std::chrono::seconds{1};
  add("freshness", 1, config);
  config.max_age = std::chrono::hours{24};
  config.where = "id > 9";
  add("freshness of no rows", 1, config);
  config = check("relationships", {"product_id"});
  config.to = LocatedText{"staging.product", config.position};
  config.field = "id";
  add("relationships", 2, config);
  config = check("row_count");
  config.max = "2";
  add("row_count", 1, config);
  config.where = "id = 2";
  add("row_count where", 0, config);
  config = check("expression");
  config.expression = "price >= 0 -- never negative";
  add("expression", 1, config);
  config = check("sql");
  config.sql = "select * from staging.sale s join staging.product p on p.id = s.product_id where s.price > 2 -- dear";
  add("sql", 1, config);
  return all;
}

TEST_F(AuditTest, CountsTheFailingRows) {
  for (const Case& one : cases()) {
    const CheckResult result = audit(one.config);
    EXPECT_EQ(result.error, "") << one.name;
    EXPECT_EQ(result.failing, one.failing) << one.name;
    EXPECT_EQ(result.passed(), one.failing == 0) << one.name;
    EXPECT_EQ(static_cast<std::int64_t>(result.sample.rows.size()), one.failing) << one.name;
  }
}

TEST_F(AuditTest, TogetherIsWhatEachIsAlone) {
  const std::vector<Case> all = cases();
  std::vector<const CheckConfig*> configs;
  for (const Case& one : all) configs.push_back(&one.config);
  const auto results = audit_all(*session_, shadow_, kSale, configs, [](const TableName& name) { return quoted(name); }, kParameters);
  ASSERT_EQ(results.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const CheckResult alone = audit(all[i].config);
    EXPECT_EQ(results[i].failing, alone.failing) << all[i].name;
    EXPECT_EQ(results[i].sample.rows, alone.sample.rows) << all[i].name;
    EXPECT_EQ(results[i].error, alone.error) << all[i].name;
  }
}

TEST_F(AuditTest, ShowsTheFailingRows) {
  CheckConfig config = check("range", {"price"});
  config.min = "0";
  EXPECT_THAT(audit(config).sample.rows, ElementsAre(ElementsAre("2", "11", "lb", "-1.0", std::nullopt)));
  EXPECT_THAT(audit(check("unique", {"id"})).sample.rows, ElementsAre(ElementsAre("2", "2")));
}

// One check that can't be run takes none of the others with it.
TEST_F(AuditTest, ABrokenCheckHasFailedAlone) {
  CheckConfig broken = check("expression");
  broken.expression = "cast(unit as integer) > 0";
  const CheckConfig sound = check("not_null", {"unit"});
  CheckConfig few = check("row_count");
  few.min = "4";
  const CheckConfig key = check("unique", {"id"});
  const CheckConfig absent = check("unique", {"number"});
  const std::vector<const CheckConfig*> configs{&broken, &sound, &few, &key, &absent};
  const auto results = audit_all(*session_, shadow_, kSale, configs, [](const TableName& name) { return quoted(name); }, kParameters);
  EXPECT_FALSE(results[0].passed());
  EXPECT_THAT(results[0].error, HasSubstr("kg"));
  EXPECT_EQ(results[1].failing, 1);
  EXPECT_EQ(results[1].error, "");
  EXPECT_EQ(results[2].failing, 1);
  EXPECT_THAT(results[2].sample.rows, ElementsAre(ElementsAre("3")));
  EXPECT_EQ(results[3].failing, 1);
  EXPECT_THAT(results[4].error, HasSubstr("number"));
}

TEST_F(AuditTest, SaysWhatIsMissingFromACheck) {
  EXPECT_EQ(mistake(check("not_nul")), "there is no check `not_nul`");
  EXPECT_EQ(mistake(check("not_null")), "a check `not_null` names no column");
  EXPECT_EQ(mistake(check("unique")), "a check `unique` names no column");
  EXPECT_EQ(mistake(check("accepted_values", {"unit"})), "a check `accepted_values` lists no value");
  EXPECT_EQ(mistake(check("range", {"price", "id"})), "a check `range` looks at one column, not 2");
  EXPECT_EQ(mistake(check("range", {"price"})), "`range` of `price` has no bound");
  EXPECT_EQ(mistake(check("pattern", {"unit"})), "a check `pattern` has no pattern");
  EXPECT_EQ(mistake(check("freshness", {"unit"})), "a check `freshness` has no `max_age`");
  EXPECT_EQ(mistake(check("relationships", {"id"})), "a check `relationships` lacks `to`");
  EXPECT_EQ(mistake(check("row_count")), "a check `row_count` has no bound");
  EXPECT_EQ(mistake(check("expression")), "a check `expression` has no expression");
  EXPECT_EQ(mistake(check("sql")), "a check `sql` has no query");
}

TEST_F(AuditTest, RefusesWhatAKindHasNoUseFor) {
  CheckConfig config = check("not_null", {"id"});
  config.min = "1";
  EXPECT_EQ(mistake(config), "`min` has no meaning in a check `not_null`");
  config = check("row_count");
  config.min = "many";
  EXPECT_EQ(mistake(config), "`min` of `row_count` is `many`, not a number of rows");
  config = check("reconciliation", {"price"});
  config.where = "id > 1";
  EXPECT_EQ(mistake(config), "`where` has no meaning in a check `reconciliation`");
  config.where.clear();
  for (const char* tolerance : {"much", "-1", "101%", "%", "5 %"}) {
    config.tolerance = tolerance;
    EXPECT_EQ(mistake(config), fmt::format("`tolerance` of `reconciliation` is `{}`", tolerance));
  }
  for (const char* tolerance : {"0", "10", "0.5%", "100%"}) {
    config.tolerance = tolerance;
    EXPECT_EQ(mistake(config), "none");
  }
  config = check("sql");
  config.sql = "select 1";
  config.where = "id = 1";
  EXPECT_EQ(mistake(config), "`where` has no meaning in a check `sql`");
}

}  // namespace
}  // namespace lochan
