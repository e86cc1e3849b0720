#include "run/board.h"

#include <gtest/gtest.h>

#include <list>

namespace lochan {
namespace {

// A little project: raw.product and raw.sale (two shops), staging.product, mart.fact (checked against staging.product).
class BoardTest : public ::testing::Test {
 protected:
  void model(const std::string& name, const std::vector<std::string>& reads) {
    Model& model = models_.emplace_back();
    model.table = *parse_table_name(name);
    AnalysedModel analysed;
    analysed.model = &model;
    for (const std::string& read : reads) analysed.reads.push_back(*parse_table_name(read));
    analysis_.order.push_back(model.table);
    analysis_.models.emplace(model.table, analysed);
  }

  void raw(const std::string& name) { analysis_.order.push_back(*parse_table_name(name)); }

  void check(const std::string& table, const std::vector<std::string>& reads, Severity severity = Severity::Error) {
    CheckConfig& config = configs_.emplace_back();
    config.severity = severity;
    AnalysedCheck analysed{&config, {}};
    for (const std::string& read : reads) analysed.reads.push_back(*parse_table_name(read));
    analysis_.checks[*parse_table_name(table)].push_back(analysed);
  }

  void source_step(const std::string& name, const std::vector<std::string>& tables) {
    Step& step = steps_.emplace_back();
    step.source = &source_;
    step.report.name = name;
    for (const std::string& table : tables) step.report.tables.push_back(*parse_table_name(table));
  }

  void command_step(const std::string& name, const std::vector<std::string>& reads, const std::vector<std::string>& writes,
                    const std::vector<std::string>& after) {
    CommandConfig& config = commands_.emplace_back();
    config.name = name;
    for (const std::string& other : after) config.after.push_back({other, {}});
    AnalysedCommand analysed;
    analysed.config = &config;
    for (const std::string& read : reads) analysed.reads.push_back(*parse_table_name(read));
    for (const std::string& written : writes) analysed.writes.push_back(*parse_table_name(written));
    for (const TableName& table : analysed.writes) analysis_.order.push_back(table);
    Step& step = steps_.emplace_back();
    step.command = &analysis_.commands.emplace(name, analysed).first->second;
    step.report.name = "command:" + name;
    step.report.tables = analysed.writes;
  }

  void model_steps() {
    for (const TableName& table : analysis_.order) {
      if (!analysis_.models.contains(table)) continue;
      Step& step = steps_.emplace_back();
      step.model = &analysis_.models.at(table);
      step.report.name = to_string(table);
      step.report.tables = {table};
    }
  }

  void start() {
    graph_.emplace(analysis_);
    board_.emplace(analysis_, *graph_, steps_);
  }

  // The next task's name; "-" when there is none now.
  std::string take() {
    last_ = board_->take();
    if (!last_) return "-";
    return last_->kind == Task::Kind::Audit ? "audit " + to_string(last_->table) : steps_[last_->step].report.name;
  }

  std::size_t index(const std::string& name) const {
    for (std::size_t i = 0; i < steps_.size(); ++i)
      if (steps_[i].report.name == name) return i;
    return steps_.size();
  }

  void built(const std::string& name) {
    Step& step = steps_[index(name)];
    if (step.is_source())
      for (const TableName& table : step.report.tables) step.loaded.push_back({table, 1, 1, {}, true, {}});
    board_->step_finished(index(name), StepState::Built, "");
  }
  void unchanged(const std::string& name) { board_->step_finished(index(name), StepState::Unchanged, ""); }
  void failed(const std::string& name) { board_->step_finished(index(name), StepState::Failed, "it broke"); }
  void audited(const std::string& table, const std::string& failure = "") {
    board_->audit_finished(*parse_table_name(table), failure);
  }

  std::vector<std::string> publishable() const {
    std::vector<std::string> names;
    for (const TableName& table : board_->publishable()) names.push_back(to_string(table));
    return names;
  }
  std::string held(const std::string& table) const {
    const auto held = board_->held_back();
    const auto found = held.find(*parse_table_name(table));
    return found == held.end() ? "" : found->second;
  }

  SourceConfig source_;
  std::list<Model> models_;
  std::list<CommandConfig> commands_;
  std::list<CheckConfig> configs_;
  Analysis analysis_;
  std::vector<Step> steps_;
  std::optional<Graph> graph_;
  std::optional<Board> board_;
  std::optional<Task> last_;
};

using Names = std::vector<std::string>;

TEST_F(BoardTest, StepsOfOneTableQueueAndReadersWaitForAll) {
  raw("raw.sale");
  model("mart.day", {"raw.sale"});
  source_step("source:shop/a", {"raw.sale"});
  source_step("source:shop/b", {"raw.sale"});
  model_steps();
  start();
  EXPECT_EQ(take(), "source:shop/a");
  EXPECT_EQ(take(), "-");
  built("source:shop/a");
  EXPECT_EQ(take(), "source:shop/b");
  EXPECT_EQ(take(), "-");
  built("source:shop/b");
  EXPECT_EQ(take(), "mart.day");
  built("mart.day");
  EXPECT_EQ(take(), "-");
  EXPECT_TRUE(board_->is_done());
  EXPECT_EQ(publishable(), (Names{"mart.day", "raw.sale"}));
}

TEST_F(BoardTest, DeadConnectionFailsAloneAndTheOtherIsPublished) {
  raw("raw.sale");
  model("mart.day", {"raw.sale"});
  source_step("source:shop/a", {"raw.sale"});
  source_step("source:shop/b", {"raw.sale"});
  model_steps();
  start();
  take();
  failed("source:shop/a");
  EXPECT_EQ(take(), "source:shop/b");
  built("source:shop/b");
  EXPECT_EQ(take(), "mart.day");
  built("mart.day");
  EXPECT_EQ(publishable(), (Names{"mart.day", "raw.sale"}));
}

TEST_F(BoardTest, FailureSkipsDescendantsOnly) {
  raw("raw.sale");
  model("mart.a", {"raw.sale"});
  model("mart.b", {"mart.a"});
  model("mart.other", {});
  source_step("source:shop/a", {"raw.sale"});
  model_steps();
  start();
  take();
  failed("source:shop/a");
  EXPECT_EQ(take(), "mart.other");
  EXPECT_EQ(board_->drain_skipped().size(), 2U);
  EXPECT_EQ(steps_[index("mart.b")].report.state, StepState::Skipped);
  built("mart.other");
  EXPECT_TRUE(board_->is_done());
  EXPECT_EQ(publishable(), (Names{"mart.other"}));
}

TEST_F(BoardTest, ReadersWaitForTheAuditAndAFailedOneHoldsThemBack) {
  raw("raw.sale");
  model("mart.day", {"raw.sale"});
  check("raw.sale", {});
  source_step("source:shop/a", {"raw.sale"});
  model_steps();
  start();
  take();
  built("source:shop/a");
  EXPECT_EQ(take(), "audit raw.sale");
  EXPECT_EQ(take(), "-");
  audited("raw.sale", "`range_price` failed for 2 rows");
  EXPECT_EQ(take(), "-");
  EXPECT_TRUE(board_->is_done());
  EXPECT_EQ(publishable(), Names{});
  EXPECT_EQ(held("raw.sale"), "`range_price` failed for 2 rows");
}

// The fact's own audit passed, but only against a dimension that won't be published.
TEST_F(BoardTest, FactWhoseChecksReadAFailedDimensionIsHeldBack) {
  raw("raw.product");
  raw("raw.sale");
  model("staging.product", {"raw.product"});
  model("mart.fact", {"raw.sale"});
  check("staging.product", {});
  check("mart.fact", {"staging.product"});
  source_step("source:shop/a", {"raw.product", "raw.sale"});
  model_steps();
  start();
  take();
  built("source:shop/a");
  EXPECT_EQ(take(), "staging.product");
  EXPECT_EQ(take(), "mart.fact");
  built("mart.fact");
  EXPECT_EQ(take(), "-");  // its check reads staging.product, which is still being built
  built("staging.product");
  take();
  take();
  audited("mart.fact");
  audited("staging.product", "`not_null_price` failed for 1 rows");
  EXPECT_TRUE(board_->is_done());
  EXPECT_EQ(publishable(), (Names{"raw.product", "raw.sale"}));
  EXPECT_EQ(held("mart.fact"), "its checks read `staging.product`, which is held back");
}

TEST_F(BoardTest, AuditThatReadsADescendantComesAfterItAndHoldsItBack) {
  raw("raw.sale");
  model("mart.day", {"raw.sale"});
  check("raw.sale", {"mart.day"});
  source_step("source:shop/a", {"raw.sale"});
  model_steps();
  start();
  take();
  built("source:shop/a");
  EXPECT_EQ(take(), "mart.day");
  built("mart.day");
  EXPECT_EQ(take(), "audit raw.sale");
  audited("raw.sale", "totals differ");
  EXPECT_EQ(publishable(), Names{});
  EXPECT_EQ(held("mart.day"), "it reads `raw.sale`, which is held back");
}

TEST_F(BoardTest, ACommandComesAfterWhatItReadsAndAfterItsForerunners) {
  model("mart.day", {});
  model("mart.late", {"mart.plan"});
  check("mart.day", {});
  command_step("fit", {"mart.day"}, {"mart.plan"}, {});
  command_step("mail", {}, {}, {"fit", "other"});
  model_steps();
  start();
  EXPECT_EQ(take(), "mart.day");
  EXPECT_EQ(take(), "-");
  built("mart.day");
  EXPECT_EQ(take(), "audit mart.day");
  EXPECT_EQ(take(), "-");
  audited("mart.day", "");
  EXPECT_EQ(take(), "command:fit");
  EXPECT_EQ(take(), "-");
  steps_[0].changed_outputs = {{"mart", "plan"}};
  built("command:fit");
  EXPECT_EQ(take(), "command:mail");
  EXPECT_EQ(take(), "mart.late");
  built("command:mail");
  built("mart.late");
  EXPECT_TRUE(board_->is_done());
  EXPECT_EQ(publishable(), (Names{"mart.day", "mart.late", "mart.plan"}));
}

TEST_F(BoardTest, WhatFollowsAFailedCommandIsSkipped) {
  model("mart.late", {"mart.plan"});
  command_step("fit", {}, {"mart.plan"}, {});
  command_step("mail", {}, {}, {"fit"});
  command_step("last", {}, {}, {"mail"});
  model_steps();
  start();
  EXPECT_EQ(take(), "command:fit");
  failed("command:fit");
  EXPECT_EQ(take(), "-");
  EXPECT_TRUE(board_->is_done());
  EXPECT_EQ(steps_[1].report.error, "`command:fit` failed");
  EXPECT_EQ(steps_[2].report.error, "`command:mail` was not run");
  EXPECT_EQ(held("mart.late"), "`mart.plan` was not built");
}

// Nothing moved in the fact, but the dimension that its check reads lost a row: that dimension must not be published.
TEST_F(BoardTest, ChangedTableThatBreaksAnotherTablesCheckIsHeldBack) {
  raw("raw.product");
  model("staging.product", {"raw.product"});
  model("mart.fact", {});
  check("mart.fact", {"staging.product"});
  source_step("source:shop/a", {"raw.product"});
  model_steps();
  start();
  take();
  EXPECT_EQ(take(), "mart.fact");
  unchanged("mart.fact");
  built("source:shop/a");
  take();
  built("staging.product");
  EXPECT_EQ(take(), "audit mart.fact");
  audited("mart.fact", "`relationships` failed for 1 rows");
  EXPECT_EQ(publishable(), (Names{"raw.product"}));
}

TEST_F(BoardTest, WarningHoldsNothingBackAndGuardsNothing) {
  model("staging.product", {});
  model("mart.fact", {});
  check("mart.fact", {"staging.product"}, Severity::Warn);
  model_steps();
  start();
  EXPECT_TRUE(board_->guards({"mart", "fact"}).empty());
}

TEST_F(BoardTest, NothingMovedMeansNoAudit) {
  model("mart.fact", {});
  check("mart.fact", {});
  model_steps();
  start();
  take();
  unchanged("mart.fact");
  EXPECT_EQ(take(), "-");
  EXPECT_TRUE(board_->is_done());
}

TEST_F(BoardTest, CancelledRunTakesNothingMore) {
  model("mart.a", {});
  model("mart.b", {});
  model_steps();
  start();
  take();
  board_->cancel();
  EXPECT_FALSE(board_->is_done());  // mart.a still runs
  built("mart.a");
  EXPECT_EQ(take(), "-");
  EXPECT_TRUE(board_->is_done());
  EXPECT_EQ(steps_[index("mart.b")].report.state, StepState::Cancelled);
}

}  // namespace
}  // namespace lochan
