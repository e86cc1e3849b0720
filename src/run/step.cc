#include "run/step.h"

#include <fmt/format.h>

#include <algorithm>

#include "project/rejected_name.h"

namespace lochan {
namespace {

Step model_step(const AnalysedModel& model, const PlannedTable& planned) {
  Step step;
  step.model = &model;
  step.rebuild = planned.rebuild;
  step.full_refresh = planned.full_refresh;
  step.backfill = planned.backfill;
  step.replay = planned.replay;
  step.report.name = to_string(planned.table);
  step.report.kind = to_string(model.model->materialized);
  step.report.reason = planned.reason;
  step.report.tables = {planned.table};
  return step;
}

Step command_step(const AnalysedCommand& command, const PlannedCommand& planned) {
  Step step;
  step.command = &command;
  step.full_refresh = planned.full_refresh;
  step.report.name = "command:" + planned.name;
  step.report.kind = "command";
  step.report.reason = planned.reason;
  step.report.tables = command.writes;
  return step;
}

// One step for each connection of the source, with all planned tables that it is to be asked for.
void add_source_table(std::vector<Step>& steps, const Project& project, const SourceConfig& source,
                      const SourceTable& table, const PlannedTable& planned) {
  for (const std::string& name : planned.connections) {
    const Connection& connection = project.connections.at(name);
    auto step = std::ranges::find_if(
        steps, [&](const Step& other) { return other.source == &source && other.connection == &connection; });
    if (step == steps.end()) {
      steps.emplace_back();
      step = steps.end() - 1;
      step->source = &source;
      step->connection = &connection;
      step->report.name = fmt::format("source:{}/{}", source.name, name);
      step->report.kind = "source";
      step->report.reason = planned.reason;
    }
    step->source_tables.push_back(&table);
    step->report.tables.push_back(planned.table);
    step->reload = step->reload || planned.rebuild;
  }
}

// Whatever connections its rows came from.
Step raw_replay_step(const SourceConfig& source, const SourceTable& table, const PlannedTable& planned) {
  Step step;
  step.source = &source;
  step.source_tables = {&table};
  step.reload = planned.rebuild;
  step.replay = planned.replay;
  step.report.name = to_string(planned.table);
  step.report.kind = "source";
  step.report.reason = planned.reason;
  step.report.tables = {planned.table};
  return step;
}

}  // namespace

std::vector<TableName> Step::writes() const {
  std::vector<TableName> tables = report.tables;
  const bool is_view = model != nullptr && model->model->materialized == Materialization::View;
  if (!is_view && command == nullptr)
    for (const TableName& table : report.tables) tables.push_back(rejected_table(table));
  return tables;
}

StepLimits Step::limits() const {
  if (source != nullptr) return source->limits;
  if (command != nullptr) return command->config->limits;
  return model->model->limits;
}

std::vector<std::string> Step::connections() const {
  std::vector<std::string> names;
  if (connection != nullptr) names.push_back(connection->name);
  if (command != nullptr) {
    for (const LocatedText& name : command->config->connections) names.push_back(*name);
    if (command->writes.empty()) names.push_back(report.name);
  }
  return names;
}

std::span<const TableName> Step::reads() const {
  if (model != nullptr) return model->reads;
  if (command != nullptr) return command->reads;
  return {};
}

std::vector<Step> make_steps(const Project& project, const Analysis& analysis, const Plan& plan) {
  std::map<TableName, std::pair<const SourceConfig*, const SourceTable*>> raw;
  for (const auto& [name, source] : project.sources)
    for (const SourceTable& table : source.tables) raw.emplace(table.table(), std::pair(&source, &table));
  std::vector<Step> steps;
  for (const PlannedTable& planned : plan.tables) {
    if (planned.state == PlanState::Fresh || planned.state == PlanState::Held || !planned.command.empty()) continue;
    if (planned.is_raw) {
      const auto& [source, table] = raw.at(planned.table);
      if (planned.replay)
        steps.push_back(raw_replay_step(*source, *table, planned));
      else
        add_source_table(steps, project, *source, *table, planned);
    } else {
      steps.push_back(model_step(analysis.models.at(planned.table), planned));
    }
  }
  for (const PlannedCommand& planned : plan.commands)
    if (planned.state == PlanState::Stale || planned.state == PlanState::Depends)
      steps.push_back(command_step(analysis.commands.at(planned.name), planned));
  return steps;
}

}  // namespace lochan
