#include "run/database_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <thread>

#include "base/postgres_connection.h"
#include "base/text.h"
#include "check/postgres_audit.h"
#include "model/postgres_build.h"
#include "project/database_model.h"

namespace lochan {
namespace {

using SteadyClock = std::chrono::steady_clock;

// An error check refused what was made: the transaction goes, and what was there stays.
struct AuditRefused {
  std::string reason;
};

// A view that didn't move is looked at again after the same time, as whoever fills its tables may be late.
std::chrono::milliseconds delay_after(const AttemptLimits& limits, const Error& failure, int attempt) {
  return failure.message().starts_with("NotAllViewsRefreshed") ? limits.retry_delay : retry_delay(limits, attempt);
}

}  // namespace

// The models of one database.
struct DatabaseModels::Group {
  std::string connection;
  std::vector<std::pair<const PlannedDatabaseModel*, StepReport*>> models;
  DatabaseNames names;
  std::map<TableName, std::vector<TableName>> reads;  // as far as is known
  std::map<TableName, std::set<std::string>> sinks;
  std::set<std::string> failed_sinks;
  std::map<TableName, std::string> failed;
  std::map<TableName, Error> circular;
  std::optional<Error> unknown;  // why their order couldn't be asked
  Places places;
};

std::vector<StepReport> DatabaseModels::run(const std::vector<PlannedDatabaseModel>& models,
                                            const std::set<std::string>& failed_sinks) {
  std::vector<StepReport> reports;
  checks_.clear();
  const auto is_stale = [](const PlannedDatabaseModel& planned) { return planned.state != PlanState::Fresh; };
  reports.reserve(models.size());
  std::list<Group> groups;
  for (const PlannedDatabaseModel& planned : models) {
    if (!is_stale(planned)) continue;
    StepReport& report = reports.emplace_back();
    report.name = to_string(planned.table);
    report.kind = to_string(lake_.project().database_models.at(planned.table).materialized);
    report.reason = planned.reason;
    report.tables = {planned.table};
    auto group = std::ranges::find(groups, planned.connection, &Group::connection);
    if (group == groups.end()) {
      group = groups.emplace(groups.end());
      group->connection = planned.connection;
      group->failed_sinks = failed_sinks;
    }
    group->models.emplace_back(&planned, &report);
  }
  std::vector<std::jthread> threads;
  for (Group& group : groups) threads.emplace_back([this, &group] { run_group(group); });
  threads.clear();
  return reports;
}

// What they read is asked anew: by now all may be there.
void DatabaseModels::run_group(Group& group) {
  group.names = database_names(lake_.project(), group.connection, analysis_.columns);
  for (const auto& [planned, report] : group.models) {
    const AnalysedDatabaseModel& analysed = analysis_.database_models.at(planned->table);
    group.reads[planned->table] = analysed.reads;
    group.sinks[planned->table] = analysed.sinks;
  }
  if (auto places = steps_.wait_for_place(Pools(lake_), group.connection))
    group.places = std::move(*places);
  // Without their order nothing is made: a reader before what it reads.
  const AttemptLimits limits = attempt_limits(lake_.project().run);
  for (int attempt = 1;; ++attempt) {
    try {
      find_order(group);
      break;
    } catch (const Error& failure) {
      group.unknown = failure;
      if (steps_.is_stopped() || !may_retry(limits, failure, attempt)) break;
      steps_.pause(retry_delay(limits, attempt));
    }
  }
  for (const auto& [planned, report] : group.models) run_model(group, *planned, *report);
}

void DatabaseModels::find_order(Group& group) {
  PostgresConnection connection(lake_.project().connections.at(group.connection).location, group.connection);
  connection.stop_when([this] { return steps_.is_stopped(); });
  std::map<TableName, std::size_t> order;
  for (const SurveyedModel& surveyed : PostgresModels(connection, lake_.project(), group.names).survey()) {
    const TableName& table = surveyed.model->table;
    order.emplace(table, order.size());
    if (surveyed.is_circular) group.circular.emplace(table, *surveyed.problem);
    if (surveyed.problem) continue;
    group.reads[table].clear();
    group.sinks[table].clear();
    for (const PostgresName& input : surveyed.reads) {
      if (const auto model = group.names.models.find(input); model != group.names.models.end())
        group.reads[table].push_back(model->second->table);
      if (const auto carried = group.names.carried.find(input); carried != group.names.carried.end())
        group.sinks[table].insert(carried->second.sink);
    }
  }
  std::ranges::stable_sort(group.models, {}, [&](const auto& one) { return order[one.first->table]; });
  group.unknown.reset();
}

std::string DatabaseModels::failed_input(const Group& group, const TableName& table) const {
  for (const TableName& input : group.reads.at(table))
    if (const auto found = group.failed.find(input); found != group.failed.end()) return to_string(input);
  for (const std::string& sink : group.sinks.at(table))
    if (group.failed_sinks.contains(sink)) return "sink:" + sink;
  return "";
}

void DatabaseModels::run_model(Group& group, const PlannedDatabaseModel& planned, StepReport& report) {
  if (const std::string input = failed_input(group, planned.table); !input.empty()) {
    steps_.skip(report, fmt::format("`{}`, which it reads, failed", input));
  } else {
    steps_.run(report, [&] {
      try {
        return build(group, planned, report);
      } catch (const AuditRefused& refused) {
        report.error = refused.reason;
        return StepState::HeldBack;
      }
    });
  }
  if (report.state != StepState::Built && report.state != StepState::Unchanged)
    group.failed[planned.table] = report.error;
}

StepState DatabaseModels::build(Group& group, const PlannedDatabaseModel& planned, StepReport& report) {
  const Model& model = lake_.project().database_models.at(planned.table);
  report.attempts = 1;
  if (group.unknown) throw Error(*group.unknown);
  // PostgreSQL would make a view that reads itself, and refuse each query of it.
  if (const auto circular = group.circular.find(planned.table); circular != group.circular.end())
    throw Error(circular->second);
  const AttemptLimits limits = attempt_limits(lake_.project().run, model.limits);
  StepState state = StepState::Failed;
  steps_.retry(
      report, limits,
      [&] {
        report.rows_written = report.rows_removed = 0;
        state = attempt(group, planned, limits, report);
      },
      [&](const Error& failure) { return delay_after(limits, failure, report.attempts); });
  return state;
}

// On a connection of its own: whatever became of the one before, its transaction and its locks are gone with it.
StepState DatabaseModels::attempt(Group& group, const PlannedDatabaseModel& planned, const AttemptLimits& limits,
                                  StepReport& report) {
  const Project& project = lake_.project();
  const Model& model = project.database_models.at(planned.table);
  const auto deadline = SteadyClock::now() + limits.timeout;
  const auto is_late = [&] { return SteadyClock::now() > deadline; };
  std::vector<CheckResult> results;
  try {
    PostgresConnection connection(project.connections.at(group.connection).location, group.connection);
    connection.stop_when([&] { return steps_.is_stopped() || is_late(); });
    PostgresBuildRequest request{.project = project,
                                 .names = group.names,
                                 .model = model,
                                 .full_refresh = planned.full_refresh,
                                 .run = run_,
                                 .run_at = to_string(run_at_),
                                 .audit = {}};
    request.audit = [&](const PostgresName& made) {
      results = audit_in_postgres(connection, model.table, made, model.checks, request.run_at);
      for (const CheckResult& result : results)
        if (!result.passed() && result.severity == Severity::Error)
          throw AuditRefused{
              result.error.empty()
                  ? fmt::format("check `{}` failed on {}", result.name, text::plural(result.failing, "row"))
                  : fmt::format("check `{}` could not be run: {}", result.name, result.error)};
    };
    const auto keep = [&] {
      steps_.tell([&](Observer& observer) {
        for (const CheckResult& result : results) {
          observer.check_finished(result);
          checks_.push_back(result);
        }
      });
    };
    try {
      const PostgresBuilt built = build_in_postgres(connection, request);
      keep();
      if (!built.reason.empty()) report.reason = built.reason;
      report.rows_written = built.rows_written;
      report.rows_removed = built.rows_removed;
      return built.changed ? StepState::Built : StepState::Unchanged;
    } catch (const AuditRefused&) {
      keep();
      throw;
    }
  } catch (const Error&) {
    if (is_late() && !steps_.is_stopped()) throw took_too_long(ErrorKind::Data, limits);
    throw;
  }
}

}  // namespace lochan
