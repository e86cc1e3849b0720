// The JSON Schema and the reference page: both hold every key that the parser reads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "project/key_table.h"
#include "project/read_project.h"
#include "tests/project/json_schema_check.h"
#include "tests/project/written_project.h"

namespace lochan {
namespace {

using testing::HasSubstr;

TEST(ProjectSchema, HoldsEveryKeyWithItsHelpAndDefault) {
  const Json definitions = Json::parse(project_json_schema()).at("$defs");
  for (const KeyTable* table : all_key_tables()) {
    const Json& definition = definitions.at(std::string(table->name));
    EXPECT_EQ(definition.at("additionalProperties"), false);
    EXPECT_EQ(definition.at("properties").size(), table->keys.size());
    for (const Key& key : table->keys) {
      const Json& property = definition.at("properties").at(std::string(key.name));
      EXPECT_EQ(property.at("description"), key.help);
      EXPECT_EQ(property.contains("default"), !key.default_text.empty()) << key.name;
    }
  }
  EXPECT_EQ(definitions.at("run").at("properties").at("retries").at("default"), 2);
  EXPECT_EQ(definitions.at("run").at("properties").at("timeout").at("default"), "1h");
  EXPECT_EQ(definitions.at("layer").at("properties").at("immutable").at("default"), false);
}

void expect_references_resolve(const Json& value, const Json& schema) {
  if (value.is_object() && value.contains("$ref")) {
    const std::string reference = value.at("$ref");
    EXPECT_TRUE(schema.contains(Json::json_pointer(reference.substr(1)))) << reference;
  }
  if (value.is_structured())
    for (const Json& part : value) expect_references_resolve(part, schema);
}

TEST(ProjectSchema, RefersToWhatIsThere) {
  const Json schema = Json::parse(project_json_schema());
  EXPECT_EQ(schema.at("$schema"), "https://json-schema.org/draft/2020-12/schema");
  expect_references_resolve(schema, schema);
}

/// Of a whole file, or with a name of a definition of a front matter.
std::string violation_of(std::string_view yaml, const std::string& definition = "") {
  const Json schema = Json::parse(project_json_schema());
  return find_violation(yaml_to_json(yaml), definition.empty() ? schema : schema.at("$defs").at(definition), schema);
}

TEST(ProjectSchema, AcceptsTheExampleProjects) {
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("examples")) {
    const auto& path = entry.path();
    if (path.filename() != "lochan.yaml" && path.parent_path().filename() != "sources") continue;
    EXPECT_EQ(violation_of(read_file(path)), "") << path;
    ++files;
  }
  EXPECT_GE(files, 2);
}

TEST(ProjectSchema, AcceptsWhatTheParserReads) {
  EXPECT_EQ(violation_of(R"y(name: a
lake: ${LAKE:-./lake}
connections: { shop: sqlite:a.db }
layers: { raw: { immutable: true }, mart: }
variables: { low: 5, city: x, strict: true, part: 0.5 }
engine: { memory_limit: 1.5 GiB, threads: "${THREADS}" }
run: { timeout: 1h30m, wait_for_claim: 0, publish: all, workers: 2 }
)y"),
            "");
  EXPECT_EQ(violation_of(R"y(source: shop
from: [a, b]
tables:
  sale: { load: incremental, cursor: t, key: [a, b], lookback: 5m, header: true, columns: { "a b": BIGINT } }
  product:
)y"),
            "");
  EXPECT_EQ(violation_of(R"y(materialized: incremental
key: id
tags: [nightly]
checks:
  - not_null: [id, price]
  - unique: { columns: id, severity: warn }
  - accepted_values: { column: unit, values: [kg, 5, true] }
  - range: { column: price, min: 0 }
  - relationships: { column: id, to: staging.product, field: id }
  - row_count: { min: 1 }
  - expression: price >= 0
  - expression: { expression: a > 0, where: b, name: c }
)y",
                         "model"),
            "");
  EXPECT_EQ(violation_of("table: mart.sale\nseverity: warn\n", "check_file"), "");
}

TEST(ProjectSchema, RefusesWhatTheParserRefuses) {
  EXPECT_EQ(violation_of("name: a\nlakee: x\n"), ": unknown key lakee");
  EXPECT_EQ(violation_of("lake: x\n"), ": no \"name\"");
  EXPECT_EQ(violation_of("name: a\nstate: 5\n"), "/state: 5 is not of type [\"string\"]");
  for (const std::string_view bad :
       {"run: { workers: many }", "run: { workers: -1 }", "run: { timeout: 600 }", "run: { publish: some }",
        "layers: { raw: { immutable: yes } }", "engine: { memory_limit: much }", "connections: [x]"})
    EXPECT_NE(violation_of("name: a\n" + std::string(bad)), "") << bad;
  for (const std::string_view bad :
       {"checks: [{ unique: a, severity: warn }]", "checks: [{ unqiue: a }]", "checks: { unique: a }",
        "checks: [{ range: price }]", "checks: [{ relationships: { column: a, to: b, field: c } }]", "tags: [a b]"})
    EXPECT_NE(violation_of(bad, "model"), "") << bad;
}

TEST(KeyTables, HaveHelpInOneLineForEveryKey) {
  for (const KeyTable* table : all_key_tables())
    for (const Key& key : table->keys) {
      EXPECT_FALSE(key.help.empty()) << key.name;
      EXPECT_FALSE(key.help.ends_with('.')) << key.help;
      EXPECT_EQ(key.help.find('\n'), std::string_view::npos) << key.help;
    }
}

TEST(ProjectReference, HoldsEveryKey) {
  const std::string page = project_reference();
  for (const KeyTable* table : all_key_tables()) {
    const std::string title = "\n## " + std::string(table->title) + "\n";
    const auto begin = page.find(title);
    ASSERT_NE(begin, std::string::npos) << title;
    const std::string section = page.substr(begin, page.find("\n## ", begin + 1) - begin);
    for (const Key& key : table->keys) EXPECT_THAT(section, HasSubstr("| `" + std::string(key.name) + "` | "));
  }
}

TEST(ProjectReference, IsThePageInTheDocs) {
  EXPECT_EQ(read_file("docs/project-files.md"), project_reference())
      << "write it anew: build/dev/lochan schema --output markdown > docs/project-files.md";
}

/// The fenced block of the reference that begins with this line.
std::string example(const std::string& page, const std::string& fence, const std::string& first_line) {
  const auto begin = page.find(fence + "\n" + first_line) + fence.size() + 1;
  return page.substr(begin, page.find("```", begin) - begin);
}

TEST(ProjectReference, ShowsExamplesThatAreRead) {
  const std::string page = project_reference();
  WrittenProject written{{".env", "BRANCH_2_URL=sqlite:./data/branch_2.db\n"},
                         {"lochan.yaml", example(page, "```yaml", "# lochan.yaml")},
                         {"sources/shop.yaml", example(page, "```yaml", "# sources/shop.yaml")},
                         {"models/staging/product.sql", example(page, "```sql", "-- models/staging/product.sql")},
                         {"models/mart/sales_by_day.sql", "select 1"},
                         {"checks/day.sql", example(page, "```sql", "/* ---\ntable: mart")}};
  const Project project = written.read();
  EXPECT_EQ(project.checks.at({"staging", "product"}).size(), 6u);
  EXPECT_EQ(project.checks.at({"mart", "sales_by_day"}).at(0).name, "day");
}

}  // namespace
}  // namespace lochan
