#include "project/read_project.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/project/written_project.h"

namespace lochan {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::Pair;

std::vector<std::string> values(const std::vector<LocatedText>& texts) {
  std::vector<std::string> plain;
  for (const LocatedText& text : texts) plain.push_back(text.value);
  return plain;
}

TEST(ReadProject, HasDefaultsForAllButTheName) {
  WrittenProject written{{"lochan.yaml", "name: fruit_shop\n"}};
  const Project project = written.read();
  EXPECT_EQ(project.name, "fruit_shop");
  EXPECT_EQ(project.folder, written.folder());
  EXPECT_EQ(project.lake.location, written.folder() / "lake");
  EXPECT_EQ(project.state.file, written.folder() / ".lochan/state.db");
  EXPECT_EQ(project.run.retries, 2);
  EXPECT_EQ(project.run.publish, PublishMode::Audited);
  EXPECT_EQ(project.retention.publications, hours(24 * 7));
}

TEST(ReadProject, ReadsEveryKeyOfTheProjectFile) {
  WrittenProject written{{"lochan.yaml", R"y(
name: fruit_shop
lake: ./data/lake/
state: sqlite:/var/lib/shop/state.db
layers:
  raw: { immutable: true }
  mart:
  log: { archive_after: 2d, delete_after: 1w, archive: ./cold }
connections:
  branch_1: sqlite:./data/branch_1.db
  drop: files:/srv/drop
variables: { low: 5, city: Łódź, strict: true }
engine: { memory_limit: 512MB, threads: 3, spill: tmp/spill }
run: { workers: 4, retries: 0, retry_delay: 250ms, timeout: 1h30m, publish: all, wait_for_claim: 0 }
retention: { publications: 2d, keep_publications: 3, failed_branches: 90s }
maintain: { target: 64MiB, delete_ratio: 10%, budget: 1.5GB }
)y"}};
  const Project project = written.read();
  EXPECT_EQ(project.lake.location, written.folder() / "data/lake");
  EXPECT_EQ(project.state.file, "/var/lib/shop/state.db");
  EXPECT_TRUE(project.layers.at("raw").immutable);
  EXPECT_FALSE(project.layers.at("mart").immutable);
  EXPECT_EQ(project.layers.at("log").archive_after, hours(48));
  EXPECT_EQ(project.layers.at("log").delete_after, hours(24 * 7));
  EXPECT_EQ(project.layers.at("log").archive->location, written.folder() / "cold");
  EXPECT_EQ(project.connections.at("branch_1").kind, "sqlite");
  EXPECT_EQ(project.connections.at("branch_1").url, "sqlite:./data/branch_1.db");
  EXPECT_EQ(project.connections.at("branch_1").location, (written.folder() / "data/branch_1.db").string());
  EXPECT_EQ(project.connections.at("drop").location, "/srv/drop");
  EXPECT_THAT(project.variables, ElementsAre(Pair("city", "Łódź"), Pair("low", "5"), Pair("strict", "true")));
  EXPECT_EQ(project.engine.memory_limit, "512MB");
  EXPECT_EQ(project.engine.threads, 3);
  EXPECT_EQ(project.engine.spill, (written.folder() / "tmp/spill").string());
  EXPECT_EQ(project.run.workers, 4);
  EXPECT_EQ(project.run.retries, 0);
  EXPECT_EQ(project.run.retry_delay, milliseconds(250));
  EXPECT_EQ(project.run.timeout, minutes(90));
  EXPECT_EQ(project.run.publish, PublishMode::All);
  EXPECT_EQ(project.run.wait_for_claim, seconds(0));
  EXPECT_EQ(project.retention.publications, hours(48));
  EXPECT_EQ(project.retention.keep_publications, 3);
  EXPECT_EQ(project.retention.failed_branches, seconds(90));
  EXPECT_EQ(project.maintain.target_bytes, 64U << 20);
  EXPECT_DOUBLE_EQ(project.maintain.delete_ratio, 0.1);
  EXPECT_EQ(project.maintain.budget_bytes, 1'500'000'000U);
}

TEST(ReadProject, ReadsSources) {
  WrittenProject written{{"sources/shop.yaml", R"y(source: shop
from: shop
tags: [nightly]
tables:
  sale: { load: incremental, cursor: updated_at, key: id, lookback: 10m }
  product:
)y"},
                         {"sources/drop.yaml", R"y(source: drop
from: [drop]
tables:
  price:
    from: price_*.csv
    load: incremental
    key: [id, day]
    delimiter: ";"
    header: true
    columns: { "id no": BIGINT, price: "DECIMAL(10,2)" }
    checks:
      - not_null: id
)y"}};
  const Project project = written.read();
  const SourceConfig& shop = project.sources.at("shop");
  EXPECT_THAT(values(shop.from), ElementsAre("shop"));
  EXPECT_THAT(shop.tags, ElementsAre("nightly"));
  ASSERT_EQ(shop.tables.size(), 2u);
  EXPECT_EQ(shop.tables[0].table(), (TableName{"raw", "sale"}));
  EXPECT_EQ(shop.tables[0].load, LoadMode::Incremental);
  EXPECT_EQ(shop.tables[0].cursor->value, "updated_at");
  EXPECT_EQ(shop.tables[0].cursor->position, (Position{"sources/shop.yaml", 5, 38}));
  EXPECT_THAT(values(shop.tables[0].key), ElementsAre("id"));
  EXPECT_EQ(shop.tables[0].lookback, minutes(10));
  EXPECT_EQ(shop.tables[1].from, "product");
  EXPECT_EQ(shop.tables[1].load, LoadMode::Full);

  const SourceTable& price = project.sources.at("drop").tables.at(0);
  EXPECT_EQ(price.from, "price_*.csv");
  EXPECT_THAT(values(price.key), ElementsAre("id", "day"));
  EXPECT_THAT(price.options, ElementsAre(Pair("columns", R"y({"id no":"BIGINT","price":"DECIMAL(10,2)"})y"),
                                         Pair("delimiter", ";"), Pair("header", "true")));
  EXPECT_EQ(project.checks.at({"raw", "price"}).at(0).name, "not_null_id");
}

TEST(ReadProject, ReadsModelsWithTheirFrontMatter) {
  const std::string text = R"y(-- who buys what
/* ---
materialized: incremental
key: [branch, id]
partition_by: [day(sold_at), city]
tags: nightly
description: what was sold
--- */
select 'a -- b' as x -- the rest
from raw.sale;
)y";
  WrittenProject written{{"sources/shop.yaml", "source: shop\nfrom: shop\ntables: { sale: }\n"},
                         {"models/mart/sale.sql", text}};
  const Project project = written.read();
  const Model& model = project.models.at({"mart", "sale"});
  EXPECT_EQ(model.file, "models/mart/sale.sql");
  EXPECT_EQ(model.materialized, Materialization::Incremental);
  EXPECT_THAT(values(model.key), ElementsAre("branch", "id"));
  EXPECT_THAT(values(model.partition_by), ElementsAre("day(sold_at)", "city"));
  EXPECT_THAT(model.tags, ElementsAre("nightly"));
  EXPECT_EQ(model.description, "what was sold");
  EXPECT_EQ(model.position, (Position{"models/mart/sale.sql", 9, 1}));
  EXPECT_EQ(model.sql.size(), text.size());
  EXPECT_EQ(model.sql.find("select"), text.find("select"));
  EXPECT_EQ(model.sql.find("from raw.sale"), text.find("from raw.sale"));
  EXPECT_EQ(model.sql.find_first_not_of(" \n"), text.find("select"));
  EXPECT_EQ(model.sql.find(';'), std::string::npos);
  EXPECT_NE(model.sql.find("'a -- b'"), std::string::npos);
}

TEST(ReadProject, ReadsTheChecksOfADesignSample) {
  WrittenProject written{{"models/staging/product.sql", "select 1 as id"}, {"models/mart/sale.sql", R"y(/* ---
checks:
  - not_null: [id, price]
  - unique: id
  - unique: [a, b]
  - accepted_values: { column: unit, values: [kg, 5, true] }
  - range: { column: price, min: 0, severity: warn }
  - relationships: { column: product_id, to: staging.product, field: id }
  - row_count: { min: 1, max: 10 }
  - expression: "price >= 0"
  - expression: { expression: total > 0, where: not is_gift, name: total_is_positive }
  - not_null: { columns: [c, d], where: is_open, severity: warn }
--- */
select 1
)y"}};
  const Project project = written.read();
  const auto& checks = project.checks.at({"mart", "sale"});
  std::vector<std::string> names;
  for (const CheckConfig& check : checks) names.push_back(check.name);
  EXPECT_THAT(names, ElementsAre("not_null_id", "not_null_price", "unique_id", "unique_a_b", "accepted_values_unit",
                                 "range_price", "relationships_product_id", "row_count", "expression_price_0",
                                 "total_is_positive", "not_null_c", "not_null_d"));
  EXPECT_EQ(checks[1].position, (Position{"models/mart/sale.sql", 3, 20}));
  EXPECT_THAT(values(checks[3].columns), ElementsAre("a", "b"));
  EXPECT_THAT(checks[4].values, ElementsAre("kg", "5", "true"));
  EXPECT_EQ(checks[5].min, "0");
  EXPECT_EQ(checks[5].max, std::nullopt);
  EXPECT_EQ(checks[5].severity, Severity::Warn);
  EXPECT_EQ(checks[6].to->value, "staging.product");
  EXPECT_EQ(checks[6].field, "id");
  EXPECT_EQ(checks[7].max, "10");
  EXPECT_EQ(checks[8].expression, "price >= 0");
  EXPECT_EQ(checks[9].where, "not is_gift");
  EXPECT_EQ(checks[11].where, "is_open");
  EXPECT_EQ(checks[11].severity, Severity::Warn);
  EXPECT_EQ(project.models.at({"mart", "sale"}).checks.size(), checks.size());
}

TEST(ReadProject, ReadsCheckFilesAndMacros) {
  WrittenProject written{{"models/mart/sale.sql", "select 1"},
                         {"checks/no_orphans.sql", R"y(/* ---
table: mart.sale
severity: warn
description: each sale has a customer
--- */
select * from {{ ref('sale') }} where customer_id is null
)y"},
                         {"macros/money.sql", "create macro net(x) as x / 1.23;\n"}};
  const Project project = written.read();
  const CheckConfig& check = project.checks.at({"mart", "sale"}).at(0);
  EXPECT_EQ(check.kind, "sql");
  EXPECT_EQ(check.name, "no_orphans");
  EXPECT_EQ(check.severity, Severity::Warn);
  EXPECT_EQ(check.description, "each sale has a customer");
  EXPECT_NE(check.sql.find("select * from mart.sale         where"), std::string::npos) << check.sql;
  EXPECT_EQ(check.position, (Position{"checks/no_orphans.sql", 6, 1}));
  ASSERT_EQ(project.macros.size(), 1u);
  EXPECT_EQ(project.macros[0].file, "macros/money.sql");
  EXPECT_EQ(project.macros[0].sql, "create macro net(x) as x / 1.23;\n");
}

// Who reads on, to find all problems at once, would say of these again that they are broken.
TEST(ReadProject, LeavesOutWhatIsBroken) {
  WrittenProject written{
      {"lochan.yaml", "name: a\nconnections: { good: sqlite:a.db, bad: oracle:x }\n"},
      {"models/mart/bad_reference.sql", "select * from {{ ref('nowhere') }}"},
      {"models/mart/bad_front_matter.sql", "/* ---\nkey: [\n--- */ select 1"},
      {"models/mart/bad_check.sql", "/* ---\nchecks: [{ range: { column: a } }, { unique: b }]\n--- */ select 1"},
      {"models/mart/not_utf8.sql", "select '\xFF'"},
      {"checks/bad.sql", "/* ---\ntable: mart.bad_check\n--- */ select * from {{ ref('nowhere') }}"}};
  EXPECT_EQ(written.problems().size(), 6u);
  const Project project = read_project(written.folder(), written.secrets()).project;
  EXPECT_EQ(project.connections.size(), 1u);
  EXPECT_EQ(project.models.at({"mart", "bad_reference"}).sql, "");
  EXPECT_NE(project.models.at({"mart", "bad_front_matter"}).sql.find("select 1"), std::string::npos);
  EXPECT_EQ(project.models.at({"mart", "not_utf8"}).sql, "");
  ASSERT_EQ(project.checks.at({"mart", "bad_check"}).size(), 1u);
  EXPECT_EQ(project.checks.at({"mart", "bad_check"})[0].kind, "unique");
}

TEST(FindProject, LooksUpwards) {
  const WrittenProject written{{"models/mart/sale.sql", "select 1"}};
  EXPECT_EQ(find_project(written.folder() / "models/mart"), written.folder());
  EXPECT_EQ(find_project(written.folder()), written.folder());
}

TEST(FindProject, SaysWhatToDoWhenThereIsNone) {
  try {
    find_project("/");
    FAIL() << "found one";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    EXPECT_STREQ(error.what(),
                 "no `lochan.yaml` in `/` or a folder above it\n"
                 "  hint: go to a project's folder, or make one with `lochan init`");
  }
}

TEST(ReadProject, VariablesStandInFlowMappingsWithoutQuotes) {
  WrittenProject written({{"lochan.yaml",
                           "name: a\nvariables: { one: ${ONE}, two: <${TWO:-a,${ONE}]}>, three: $${ONE}, four: '${ONE}', five: [b }\n"},
                          {".env", "ONE=1\n"}});
  // Only the slip is told, at its place.
  EXPECT_THAT(written.problems(), testing::ElementsAre(testing::StartsWith("lochan.yaml:2:")));
  written.write("lochan.yaml", "name: a\nvariables: { one: ${ONE}, two: <${TWO:-a,${ONE}]}>, three: $${ONE}, four: '${ONE}' }\n");
  EXPECT_THAT(written.read().variables,
              testing::ElementsAre(testing::Pair("four", "1"), testing::Pair("one", "1"), testing::Pair("three", "${ONE}"),
                                   testing::Pair("two", "<a,1]>")));
}

}  // namespace
}  // namespace lochan
