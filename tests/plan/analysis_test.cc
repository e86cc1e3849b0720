#include "plan/analysis.h"

#include <gtest/gtest.h>

#include <set>

namespace lochan {
namespace {

class AnalysisTest : public ::testing::Test {
 protected:
  AnalysisTest() {
    SourceConfig& source = project_.sources["shop"];
    source.name = "shop";
    source.tables.resize(2);
    source.tables[0].name = "sale";
    source.tables[1].name = "item";
    entry("raw.sale",
          {{"id", "BIGINT", true}, {"price", "DECIMAL(10,2)", true}, {"_loaded_at", "TIMESTAMP WITH TIME ZONE", true}});
    entry("raw.item", {{"id", "BIGINT", true}, {"_loaded_at", "TIMESTAMP WITH TIME ZONE", true}});
  }

  void entry(const std::string& name, std::vector<Column> columns) {
    Entry made;
    made.table = *parse_table_name(name);
    made.columns = std::move(columns);
    entries_.push_back(std::move(made));
  }

  Model& model(const std::string& name, const std::string& sql) {
    const TableName table = *parse_table_name(name);
    Model& made = project_.models[table];
    made.table = table;
    made.sql = sql;
    made.file = "models/" + table.layer + "/" + table.name + ".sql";
    made.position = {made.file, 1, 1};
    return made;
  }

  Analysis analyse() {
    Shadow shadow;
    return lochan::analyse(project_, entries_, shadow, {.discover = false});
  }

  std::string problems() {
    std::string text;
    for (const Error& problem : analyse().problems) text += std::string(problem.what()) + "\n";
    return text;
  }

  Project project_;
  std::vector<Entry> entries_;
};

TEST_F(AnalysisTest, BindsInTheOrderOfInputs) {
  model("mart.day", "select sum(price) as total from staging.sale");
  model("staging.sale", "select id, price from raw.sale");
  const Analysis analysis = analyse();
  ASSERT_TRUE(analysis.problems.empty()) << analysis.problems[0].what();
  ASSERT_EQ(analysis.order.size(), 4U);
  EXPECT_EQ(to_string(analysis.order[2]), "staging.sale");
  EXPECT_EQ(to_string(analysis.order[3]), "mart.day");
  EXPECT_EQ(analysis.models.at({"mart", "day"}).columns[0].name, "total");
  EXPECT_EQ(analysis.models.at({"mart", "day"}).columns[0].type, "DECIMAL(38,2)");
}

TEST_F(AnalysisTest, UnknownTableNamesTheNearestAtItsPlace) {
  model("mart.day", "select *\nfrom raw.sael");
  EXPECT_EQ(problems(), "models/mart/day.sql:2:6: no table `raw.sael`\n  hint: did you mean `raw.sale`?\n");
}

TEST_F(AnalysisTest, CycleIsSpelledOut) {
  model("mart.a", "select * from mart.b");
  model("mart.b", "select * from mart.a");
  EXPECT_EQ(problems(),
            "models/mart/b.sql:1:15: a cycle: mart.a reads mart.b reads mart.a\n"
            "  hint: one of these models must read something else\n");
}

TEST_F(AnalysisTest, AllProblemsAreFoundAtOnce) {
  model("mart.a", "select nothing from raw.sale");
  model("mart.b", "selec 1");
  Model& keyed = model("mart.c", "select id from raw.sale");
  keyed.materialized = Materialization::Incremental;
  keyed.key = {{"di", {keyed.file, 3, 7}}};
  const std::string text = problems();
  EXPECT_NE(text.find("models/mart/a.sql:1:8: "), std::string::npos) << text;
  EXPECT_NE(text.find("models/mart/b.sql:1:1: "), std::string::npos) << text;
  EXPECT_NE(text.find("models/mart/c.sql:3:7: no column `di` in `mart.c`\n  hint: did you mean `id`?"),
            std::string::npos)
      << text;
}

TEST_F(AnalysisTest, WhiteSpaceAndCommentsMakeNothingStale) {
  model("mart.a", "select id, price from raw.sale where id > 1");
  const std::string before = analyse().models.at({"mart", "a"}).fingerprint;
  model("mart.a", "-- the sales\nselect id,\n  price\nfrom raw.sale\nwhere id > 1");
  EXPECT_EQ(analyse().models.at({"mart", "a"}).fingerprint, before);
  model("mart.a", "select id, price from raw.sale where id > 2");
  EXPECT_NE(analyse().models.at({"mart", "a"}).fingerprint, before);
}

TEST_F(AnalysisTest, OnlyTheMacrosThatAreUsedCount) {
  project_.macros = {{"create macro twice(x) as x * 2", "macros/twice.sql"}};
  model("mart.a", "select twice(id) as a from raw.sale");
  model("mart.b", "select id as a from raw.sale");
  const Analysis before = analyse();
  ASSERT_TRUE(before.problems.empty()) << before.problems[0].what();
  project_.macros = {{"create macro twice(x) as x * 3", "macros/twice.sql"}};
  const Analysis after = analyse();
  EXPECT_NE(after.models.at({"mart", "a"}).fingerprint, before.models.at({"mart", "a"}).fingerprint);
  EXPECT_EQ(after.models.at({"mart", "b"}).fingerprint, before.models.at({"mart", "b"}).fingerprint);
}

TEST_F(AnalysisTest, AppendOverTwoRawTablesIsRefused) {
  Model& log =
      model("mart.log",
            "select s.id from raw.sale s join raw.item i using (id) where $since is null or s._loaded_at > $since");
  log.materialized = Materialization::Append;
  EXPECT_EQ(problems(),
            "models/mart/log.sql:1:1: `mart.log` appends what is new since `$since` from 2 raw tables\n"
            "  hint: append from one of them, or make it `materialized: incremental` with a key\n");
}

TEST_F(AnalysisTest, ChecksAreBoundToo) {
  Model& sale = model("staging.sale", "select id, price from raw.sale");
  CheckConfig config;
  config.kind = "not_null";
  config.columns = {{"pirce", {sale.file, 4, 3}}};
  config.position = {sale.file, 4, 3};
  project_.checks[sale.table] = {config};
  EXPECT_EQ(problems(), "models/staging/sale.sql:4:3: no column `pirce`\n  hint: did you mean `price`?\n");
}

TEST_F(AnalysisTest, ATableWithHistoryHasItsColumnsAndItsCheck) {
  Model& made = model("staging.item", "select id, 'a' as name, _loaded_at from raw.item");
  made.materialized = Materialization::Scd2;
  made.key = {LocatedText{"id", {}}};
  model("mart.open", "select id, valid_from, valid_to from staging.item where is_current");
  const Analysis analysis = analyse();
  ASSERT_TRUE(analysis.problems.empty()) << analysis.problems[0].what();
  std::string names;
  for (const Column& column : analysis.models.at({"staging", "item"}).columns) names += column.name + " ";
  EXPECT_EQ(names, "id name _loaded_at valid_from valid_to is_current ");
  EXPECT_EQ(analysis.columns.at({"mart", "open"})[1].type, "TIMESTAMP WITH TIME ZONE");
  ASSERT_EQ(analysis.checks.at({"staging", "item"}).size(), 1U);
  EXPECT_EQ(analysis.checks.at({"staging", "item"})[0].config->name, "history");
}

TEST_F(AnalysisTest, TheCheckOfHistoryKnowsWhetherKeysMayEnd) {
  Model& made = model("staging.item", "select id, false as gone, _loaded_at from raw.item");
  made.materialized = Materialization::Scd2;
  made.key = {LocatedText{"id", {}}};
  const auto is_gapless = [&] { return !analyse().checks.at({"staging", "item"})[0].config->values.empty(); };
  EXPECT_TRUE(is_gapless());
  made.deleted = LocatedText{"gone", {}};
  EXPECT_FALSE(is_gapless());
  made.deletes = HistoryDeletes::NewRecord;
  EXPECT_TRUE(is_gapless());
}

TEST_F(AnalysisTest, EachSettingOfHistoryIsPartOfTheFingerprint) {
  Model& made = model("staging.item", "select id, 'a' as name, false as gone, _loaded_at from raw.item");
  made.materialized = Materialization::Scd2;
  made.key = {LocatedText{"id", {}}};
  std::set<std::string> prints;
  const auto add = [&] { prints.insert(analyse().models.at({"staging", "item"}).fingerprint); };
  add();
  made.updated_at = LocatedText{"_loaded_at", {}};
  add();
  made.compare = {LocatedText{"name", {}}};
  add();
  made.deleted = LocatedText{"gone", {}};
  add();
  made.deletes = HistoryDeletes::Ignore;
  add();
  EXPECT_EQ(prints.size(), 5U);
}

TEST_F(AnalysisTest, SaysWhatAHistoryCantBeMadeOf) {
  Model& made = model("staging.item", "select id, price, 1 as valid_to, _loaded_at::date as day, true as _deleted from raw.sale");
  made.materialized = Materialization::Scd2;
  made.key = {LocatedText{"id", {}}};
  const auto problem = [&] { return problems().substr(problems().find(": ") + 2); };
  made.updated_at = LocatedText{"price", {made.file, 4, 13}};
  EXPECT_EQ(problem(), "`price` is DECIMAL(10,2), wanted a TIMESTAMP, TIMESTAMP WITH TIME ZONE or DATE\n"
                       "  hint: cast it in the SQL, such as `price::timestamp as price`\n");
  made.updated_at = LocatedText{"day", {made.file, 4, 13}};
  EXPECT_EQ(problem(), "`_deleted` says that a load no longer found the row, and the SQL doesn't give `_loaded_at`, which says when\n"
                       "  hint: select `_loaded_at` too, or write `deletes: ignore`\n");
  made.deletes = HistoryDeletes::Ignore;
  EXPECT_EQ(problem(), "`staging.item` gives a column `valid_to`, which a table with history has of its own\n"
                       "  hint: give it another name in the SQL\n");
  made.compare = {LocatedText{"day", {made.file, 5, 10}}};
  EXPECT_EQ(problem(), "`day` is the key, the time or the mark of deletion, so it is not compared\n"
                       "  hint: `compare` names what makes a new version; leave it out for all other columns\n");
  made.deleted = LocatedText{"price", {made.file, 6, 10}};
  EXPECT_EQ(problem(), "`price` is DECIMAL(10,2), wanted BOOLEAN: true of a deletion\n"
                       "  hint: make it one in the SQL, such as `price = 1 as price`\n");
  made.deleted = LocatedText{"gone", {made.file, 6, 10}};
  EXPECT_EQ(problem(), "no column `gone` in `staging.item`\n  hint: its SQL gives id, price, valid_to, day, _deleted\n");
}

}  // namespace
}  // namespace lochan
