#include "plan/selection.h"

#include <gtest/gtest.h>

#include <list>

#include "base/error.h"

namespace lochan {
namespace {

// raw.sale, raw.product → staging.sale, staging.product → mart.day → mart.month; sink dwh carries mart.day
class SelectionTest : public ::testing::Test {
 protected:
  SelectionTest() {
    project_.sources["shop"].name = "shop";
    project_.sources["shop"].tables.resize(2);
    project_.sources["shop"].tables[0].name = "sale";
    project_.sources["shop"].tables[1].name = "product";
    analysis_.order = {{"raw", "sale"}, {"raw", "product"}};
    model("staging.sale", {"raw.sale"}, {"daily"});
    model("staging.product", {"raw.product"}, {});
    model("mart.day", {"staging.sale", "staging.product"}, {"daily"});
    model("mart.month", {"mart.day"}, {});
    project_.sinks["dwh"].name = "dwh";
    project_.sinks["dwh"].tags = {"nightly"};
    project_.sinks["dwh"].tables.resize(1);
    project_.sinks["dwh"].tables[0].table = {"mart", "day"};
    graph_.emplace(analysis_);
  }

  // command:fit reads mart.day and writes mart.plan, which mart.late reads; command:mail comes after it.
  void add_commands() {
    command("fit", {"mart.day"}, {"mart.plan", "mart.error"}, {});
    command("mail", {}, {}, {"fit"});
    model("mart.late", {"mart.plan"}, {});
    project_.commands["mail"].tags = {"nightly"};
    graph_.emplace(analysis_);
  }

  void command(const std::string& name, const std::vector<std::string>& reads, const std::vector<std::string>& writes,
               const std::vector<std::string>& after) {
    CommandConfig& config = project_.commands[name];
    config.name = name;
    for (const std::string& other : after) config.after.push_back({other, {}});
    AnalysedCommand analysed;
    analysed.config = &config;
    for (const std::string& read : reads) analysed.reads.push_back(*parse_table_name(read));
    for (const std::string& written : writes) analysed.writes.push_back(*parse_table_name(written));
    for (const TableName& table : analysed.writes) analysis_.order.push_back(table);
    analysis_.commands.emplace(name, analysed);
    analysis_.command_order.push_back(name);
  }

  void model(const std::string& name, const std::vector<std::string>& reads, const std::vector<std::string>& tags) {
    const TableName table = *parse_table_name(name);
    Model& model = project_.models[table];
    model.table = table;
    model.tags = tags;
    AnalysedModel analysed;
    analysed.model = &model;
    for (const std::string& read : reads) analysed.reads.push_back(*parse_table_name(read));
    analysis_.models.emplace(table, analysed);
    analysis_.order.push_back(table);
  }

  std::string select(const std::vector<std::string>& words, const std::vector<std::string>& exclude = {}) {
    const SelectionContext context{project_, *graph_, [] { return Selected{{{"mart", "day"}}, {}, {}}; },
                                   [](const std::string&) { return Selected{{{"mart", "month"}}, {}, {}}; }};
    const Selected selected = lochan::select(context, words, exclude);
    std::string text;
    for (const TableName& table : selected.tables) text += to_string(table) + " ";
    for (const std::string& sink : selected.sinks) text += "sink:" + sink + " ";
    for (const std::string& command : selected.commands) text += "command:" + command + " ";
    return text;
  }

  Project project_;
  Analysis analysis_;
  std::optional<Graph> graph_;
};

TEST_F(SelectionTest, SelectsAsDbtDoes) {
  struct Case {
    std::vector<std::string> select;
    std::vector<std::string> exclude;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {{}, {}, "mart.day mart.month raw.product raw.sale staging.product staging.sale sink:dwh "},
      {{}, {"sink:dwh"}, "mart.day mart.month raw.product raw.sale staging.product staging.sale "},
      {{"sink:dwh"}, {}, "sink:dwh "},
      {{"1+sink:dwh"}, {}, "mart.day sink:dwh "},
      {{"2+sink:*"}, {}, "mart.day staging.product staging.sale sink:dwh "},
      {{"tag:nightly"}, {}, "sink:dwh "},
      {{"mart.day+1"}, {}, "mart.day mart.month sink:dwh "},
      {{"staging.sale+1"}, {}, "mart.day staging.sale "},
      {{"raw.sale+,sink:dwh"}, {}, "sink:dwh "},
      {{"mart.day"}, {}, "mart.day "},
      {{"day"}, {}, "mart.day "},
      {{"mart.*"}, {}, "mart.day mart.month "},
      {{"+mart.day"}, {}, "mart.day raw.product raw.sale staging.product staging.sale "},
      {{"1+mart.day"}, {}, "mart.day staging.product staging.sale "},
      {{"raw.sale+"}, {}, "mart.day mart.month raw.sale staging.sale sink:dwh "},
      {{"raw.sale+1"}, {}, "raw.sale staging.sale "},
      {{"tag:daily"}, {}, "mart.day staging.sale "},
      {{"tag:daily,mart.*"}, {}, "mart.day "},
      {{"tag:daily mart.month"}, {}, "mart.day mart.month staging.sale "},
      {{"source:shop"}, {}, "raw.product raw.sale "},
      {{"source:shop+"}, {"layer:mart"}, "raw.product raw.sale staging.product staging.sale sink:dwh "},
      {{"layer:staging"}, {"staging.sale"}, "staging.product "},
      {{"state:modified+"}, {}, "mart.day mart.month sink:dwh "},
      {{"result:error"}, {}, "mart.month "},
  };
  for (const Case& each : cases) EXPECT_EQ(select(each.select, each.exclude), each.expected) << (each.select.empty() ? "" : each.select[0]);
}

TEST_F(SelectionTest, ACommandIsSelectedWithItsOutputs) {
  add_commands();
  struct Case {
    std::vector<std::string> select;
    std::vector<std::string> exclude;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {{"command:fit"}, {}, "mart.error mart.plan command:fit "},
      {{"mart.plan"}, {}, "mart.error mart.plan command:fit "},
      {{"command:mail"}, {}, "command:mail "},
      {{"command:*"}, {}, "mart.error mart.plan command:fit command:mail "},
      {{"tag:nightly"}, {}, "sink:dwh command:mail "},
      {{"1+command:fit"}, {}, "mart.day mart.error mart.plan command:fit "},
      {{"command:fit+1"}, {}, "mart.error mart.late mart.plan command:fit command:mail "},
      {{"1+command:mail"}, {}, "mart.error mart.plan command:fit command:mail "},
      {{"1+mart.late"}, {}, "mart.error mart.late mart.plan command:fit "},
      {{"mart.day+"}, {}, "mart.day mart.error mart.late mart.month mart.plan sink:dwh command:fit command:mail "},
      {{"mart.day+"}, {"mart.error"}, "mart.day mart.late mart.month sink:dwh command:mail "},
      {{"mart.day+,command:*"}, {}, "mart.error mart.plan command:fit command:mail "},
  };
  for (const Case& each : cases) EXPECT_EQ(select(each.select, each.exclude), each.expected) << each.select[0];
}

TEST_F(SelectionTest, UnknownNamesAreErrorsWithTheNearest) {
  const auto message = [&](const std::string& word) -> std::string {
    try {
      return select({word});
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_EQ(message("mart.dya"), "no table `mart.dya`\n  hint: did you mean `mart.day`?");
  EXPECT_EQ(message("tag:dayly"), "no tag `dayly`\n  hint: did you mean `daily`?");
  EXPECT_EQ(message("source:shoop"), "no source `shoop`\n  hint: did you mean `shop`?");
  EXPECT_EQ(message("sink:dhw"), "no sink `dhw`\n  hint: did you mean `dwh`?");
  EXPECT_EQ(message("tga:x"), "`tga:` is no way to select\n  hint: did you mean `tag`?");
}

}  // namespace
}  // namespace lochan
