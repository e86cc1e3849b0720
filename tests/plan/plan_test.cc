#include "plan/plan.h"

#include <gtest/gtest.h>

namespace lochan {
namespace {

// raw.sale → staging.sale → mart.day, as main has them; each test moves something.
class PlanTest : public ::testing::Test {
 protected:
  PlanTest() {
    project_.connections["shop"].name = "shop";
    SourceConfig& source = project_.sources["shop"];
    source.name = "shop";
    source.from = {{"shop", {}}};
    source.tables.resize(1);
    source.tables[0].name = "sale";
    analysis_.raw_fingerprints[{"raw", "sale"}] = "r1";
    analysis_.order = {{"raw", "sale"}};
    model("staging.sale", "raw.sale");
    model("mart.day", "staging.sale");
    entry("raw.sale", "10", {{"lochan.fingerprint", "r1"}});
    entry("staging.sale", "20", {{"lochan.fingerprint", "f staging.sale"}, {"lochan.inputs", R"({"raw.sale":"10"})"}});
    entry("mart.day", "30", {{"lochan.fingerprint", "f mart.day"}, {"lochan.inputs", R"({"staging.sale":"20"})"}});
  }

  void model(const std::string& name, const std::string& input) {
    const TableName table = *parse_table_name(name);
    project_.models[table].table = table;
    AnalysedModel& analysed = analysis_.models[table];
    analysed.model = &project_.models[table];
    analysed.reads = {*parse_table_name(input)};
    analysed.fingerprint = "f " + name;
    analysis_.order.push_back(table);
  }

  void entry(const std::string& name, const std::string& version, std::map<std::string, std::string> properties) {
    Entry made;
    made.table = *parse_table_name(name);
    made.data_version = version;
    made.properties = std::move(properties);
    std::erase_if(entries_, [&](const Entry& other) { return other.table == made.table; });
    entries_.push_back(std::move(made));
  }

  Entry& find(const std::string& name) {
    for (Entry& entry : entries_)
      if (to_string(entry.table) == name) return entry;
    throw std::out_of_range(name);
  }

  // "table state: reason" a line.
  std::string plan(PlanOptions options = {}) {
    const Graph graph(analysis_);
    options.selected = {graph.order().begin(), graph.order().end()};
    if (!options.is_unchanged) options.is_unchanged = [](const auto&, const auto&) { return true; };
    std::string text;
    for (const PlannedTable& table : make_plan(project_, analysis_, graph, entries_, options).tables)
      text += to_string(table.table) + " " + std::string(to_string(table.state)) + ": " + table.reason +
              (table.rebuild ? " (rebuild)" : "") + "\n";
    return text;
  }

  Project project_;
  Analysis analysis_;
  std::vector<Entry> entries_;
};

TEST_F(PlanTest, NothingMovedMeansNothingToDo) {
  EXPECT_EQ(plan(),
            "raw.sale fresh: nothing new\n"
            "staging.sale fresh: up to date\n"
            "mart.day fresh: up to date\n");
}

TEST_F(PlanTest, WhatReadsASourceThatMayHaveNewRowsDepends) {
  PlanOptions options;
  options.is_unchanged = [](const auto&, const auto&) { return false; };
  EXPECT_EQ(plan(options),
            "raw.sale stale: shop may have new rows\n"
            "staging.sale depends: if raw.sale moves\n"
            "mart.day depends: if staging.sale moves\n");
}

TEST_F(PlanTest, NeverBuiltTablesAreStale) {
  entries_.clear();
  EXPECT_EQ(plan(),
            "raw.sale stale: never loaded (rebuild)\n"
            "staging.sale stale: never built (rebuild)\n"
            "mart.day stale: never built (rebuild)\n");
}

TEST_F(PlanTest, ChangedCodeRebuildsAndReadersDepend) {
  analysis_.models.at({"staging", "sale"}).fingerprint = "other";
  EXPECT_EQ(plan(),
            "raw.sale fresh: nothing new\n"
            "staging.sale stale: its code changed (rebuild)\n"
            "mart.day depends: if staging.sale moves\n");
}

TEST_F(PlanTest, MovedInputMakesStaleWithoutRebuild) {
  find("raw.sale").data_version = "11";
  EXPECT_EQ(plan(),
            "raw.sale fresh: nothing new\n"
            "staging.sale stale: raw.sale moved\n"
            "mart.day depends: if staging.sale moves\n");
}

TEST_F(PlanTest, IntervalsThatAreMissingMakeStale) {
  Model& model = project_.models[{"mart", "day"}];
  model.materialized = Materialization::Incremental;
  model.time = LocatedText{"day", {}};
  PlanOptions options;
  options.now = parse_time("2024-01-07 12:00");
  const auto planned = [&](const std::string& intervals) {
    find("mart.day").properties["lochan.intervals"] = intervals;
    const std::string text = plan(options);
    return text.substr(text.find("mart.day"));
  };
  EXPECT_EQ(planned("2024-01-01/2024-01-08"), "mart.day fresh: up to date\n");
  EXPECT_EQ(planned("2024-01-01/2024-01-07"), "mart.day stale: an interval is missing: 2024-01-07\n");
  EXPECT_EQ(planned("2024-01-01/2024-01-03, 2024-01-06/2024-01-09"), "mart.day stale: intervals are missing: 2024-01-03 … 2024-01-05\n");
  EXPECT_EQ(planned("2024-03-01/2024-03-02"), "mart.day fresh: up to date\n");
  EXPECT_EQ(planned("what"), "mart.day stale: it is not known which intervals were built (rebuild)\n");
  model.begin = LocatedText{"2023-12-30", {}};
  EXPECT_EQ(planned("2024-01-01/2024-01-08"), "mart.day stale: intervals are missing: 2023-12-30 … 2023-12-31\n");
  model.begin = LocatedText{"2024-01-02", {}};
  EXPECT_EQ(planned("2024-01-01/2024-01-08"), "mart.day stale: `begin` is later than what is there (rebuild)\n");
  options.backfill = BackfillPart{1, {*parse_time("2024-01-02"), *parse_time("2024-01-05")}};
  model.begin.reset();
  EXPECT_EQ(planned("2024-01-01/2024-01-08"), "mart.day stale: backfill of 2024-01-02 … 2024-01-04\n");
}

TEST_F(PlanTest, HeldTablesAreLeftAloneUntilTheirCodeChanges) {
  PlanOptions options;
  options.held = {{"raw", "sale"}, {"staging", "sale"}};
  options.is_unchanged = [](const auto&, const auto&) { return false; };
  find("raw.sale").data_version = "11";
  EXPECT_EQ(plan(options),
            "raw.sale held: held after a rollback: change its code, or `lochan rollback --release`\n"
            "staging.sale held: held after a rollback: change its code, or `lochan rollback --release`\n"
            "mart.day fresh: up to date\n");
  analysis_.models.at({"staging", "sale"}).fingerprint = "other";
  EXPECT_NE(plan(options).find("staging.sale stale: its code changed (rebuild)"), std::string::npos);
}

TEST_F(PlanTest, FullRefreshRebuildsAll) {
  PlanOptions options;
  options.full_refresh = true;
  EXPECT_EQ(plan(options),
            "raw.sale stale: full refresh (rebuild)\n"
            "staging.sale stale: full refresh (rebuild)\n"
            "mart.day stale: full refresh (rebuild)\n");
}

// A view is never rebuilt for its inputs, but who reads it must be.
TEST_F(PlanTest, ViewMovesWithWhatItReads) {
  project_.models[{"staging", "sale"}].materialized = Materialization::View;
  Entry& view = find("staging.sale");
  view.kind = EntryKind::View;
  Versions versions([&](const TableName& table) { return std::optional<Entry>(find(to_string(table))); });
  find("mart.day").properties["lochan.inputs"] =
      inputs_property({{{"staging", "sale"}, *versions.of({"staging", "sale"})}});
  EXPECT_NE(plan().find("mart.day fresh"), std::string::npos);
  find("raw.sale").data_version = "11";
  EXPECT_EQ(plan(),
            "raw.sale fresh: nothing new\n"
            "staging.sale fresh: up to date\n"
            "mart.day stale: staging.sale moved\n");
}

}  // namespace
}  // namespace lochan
