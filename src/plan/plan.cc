#include "plan/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "plan/interval_model.h"
#include "project/database_model.h"
#include "project/rejected_name.h"

namespace lochan {
namespace {

const std::string* property(const Entry& entry, const std::string& name) {
  const auto found = entry.properties.find(name);
  return found == entry.properties.end() ? nullptr : &found->second;
}

constexpr std::string_view kHeld = "held after a rollback: change its code, or `lochan rollback --release`";

class Planner {
 public:
  Planner(const Project& project, const Analysis& analysis, const Graph& graph, std::span<const Entry> entries,
          const PlanOptions& options)
      : project_(project),
        analysis_(analysis),
        graph_(graph),
        options_(options),
        versions_([this](const TableName& table) {
          const Entry* entry = find(table);
          return entry == nullptr ? std::nullopt : std::optional<Entry>(*entry);
        }) {
    for (const Entry& entry : entries) entries_.emplace(entry.table, &entry);
    for (const auto& [name, source] : project.sources)
      for (const SourceTable& table : source.tables) sources_.emplace(table.table(), &source);
  }

  Plan plan() {
    Plan plan;
    plan_databases(plan, false);
    for (const TableName& table : graph_.order()) {
      if (!options_.selected.contains(table) || analysis_.database_models.contains(table)) continue;
      if (const AnalysedCommand* command = maker(analysis_, table)) {
        plan_output(plan, table, *command);
        continue;
      }
      PlannedTable planned = sources_.contains(table) ? plan_raw(table) : plan_model(table);
      planned.table = table;
      if (options_.replay && planned.state != PlanState::Held) {
        planned.state = PlanState::Stale;
        planned.replay = options_.replay;
        if (!planned.rebuild) planned.reason = "replay of rejected records";
      }
      if (planned.state == PlanState::Stale || planned.state == PlanState::Depends) moving_.insert(table);
      plan.tables.push_back(std::move(planned));
    }
    for (const std::string& name : analysis_.command_order)
      if (options_.commands.contains(name)) plan.commands.push_back(plan_command(analysis_.commands.at(name)));
    for (const std::string& name : options_.sinks) plan.sinks.push_back(plan_sink(project_.sinks.at(name)));
    for (const PlannedSink& sink : plan.sinks)
      if (sink.state != PlanState::Fresh) moving_sinks_.insert(sink.name);
    plan_databases(plan, true);
    return plan;
  }

 private:
  const Entry* find(const TableName& table) const {
    const auto found = entries_.find(table);
    return found == entries_.end() ? nullptr : found->second;
  }

  void plan_databases(Plan& plan, bool is_late) {
    if (!options_.with_databases) return;
    for (const TableName& table : graph_.order()) {
      const auto found = analysis_.database_models.find(table);
      if (found == analysis_.database_models.end() || found->second.is_late != is_late ||
          !options_.selected.contains(table))
        continue;
      PlannedDatabaseModel planned = plan_database_model(found->second);
      if (planned.state != PlanState::Fresh) moving_.insert(table);
      plan.databases.push_back(std::move(planned));
    }
  }

  PlannedDatabaseModel plan_database_model(const AnalysedDatabaseModel& model) {
    PlannedDatabaseModel planned{model.model->table, *model.model->database->in.value(),
                                 PlanState::Stale,   model.stale,
                                 model.is_late,      options_.full_refresh};
    if (model.problem) {
      planned.reason = model.problem->message();
    } else if (model.stale.empty() && options_.full_refresh) {
      planned.reason = "full refresh";
    } else if (model.stale.empty()) {
      std::vector<std::string> moving;
      for (const TableName& input : model.reads)
        if (moving_.contains(input)) moving.push_back(to_string(input));
      for (const std::string& sink : model.sinks)
        if (moving_sinks_.contains(sink)) moving.push_back("sink:" + sink);
      planned.state =
          moving.empty() || model.model->materialized == Materialization::View ? PlanState::Fresh : PlanState::Depends;
      planned.reason =
          planned.state == PlanState::Fresh ? "up to date" : fmt::format("if {} moves", fmt::join(moving, " or "));
    }
    return planned;
  }

  // What is made in a database before all else may bring new rows.
  bool reads_moving(const SourceConfig& source) const {
    return std::ranges::any_of(source.tables, [&](const SourceTable& table) {
      const auto found = analysis_.raw_reads.find(table.table());
      return found != analysis_.raw_reads.end() &&
             std::ranges::any_of(found->second, [&](const TableName& model) { return moving_.contains(model); });
    });
  }

  PlannedTable plan_raw(const TableName& table) {
    PlannedTable planned;
    planned.is_raw = true;
    const SourceConfig& source = *sources_.at(table);
    for (const LocatedText& name : source.from) planned.connections.push_back(*name);
    const Entry* entry = find(table);
    const std::string* made_by = entry == nullptr ? nullptr : property(*entry, "lochan.fingerprint");
    const bool is_same_code = made_by != nullptr && *made_by == analysis_.raw_fingerprints.at(table);
    if (options_.held.contains(table) && is_same_code) return held(planned);
    planned.state = PlanState::Stale;
    planned.rebuild = !is_same_code || options_.full_refresh;
    if (entry == nullptr) {
      planned.reason = "never loaded";
    } else if (options_.full_refresh) {
      planned.reason = "full refresh";
    } else if (!is_same_code) {
      planned.reason = "how it is loaded changed";
    } else {
      std::erase_if(planned.connections, [&](const std::string& name) {
        return options_.is_unchanged && !reads_moving(source) &&
               options_.is_unchanged(source, project_.connections.at(name));
      });
      if (planned.connections.empty()) {
        planned.state = PlanState::Fresh;
        planned.reason = "nothing new";
      } else {
        planned.reason = fmt::format("{} may have new rows", fmt::join(planned.connections, ", "));
      }
    }
    return planned;
  }

  PlannedTable plan_model(const TableName& table) {
    PlannedTable planned;
    const AnalysedModel& model = analysis_.models.at(table);
    const Entry* entry = find(table);
    auto reason = stale_reason(model, entry, versions_, options_.now);
    planned.full_refresh = options_.full_refresh;
    if (options_.held.contains(table) && !(reason && reason->rebuild)) return held(planned);
    if (options_.backfill && has_intervals(*model.model)) {
      const TimeRange range = whole_intervals(options_.backfill->range, model.model->interval);
      planned.backfill = {options_.backfill->backfill, range};
      reason = StaleReason{"backfill of " + show_intervals(range, model.model->interval), reason && reason->rebuild};
    }
    if (!reason && options_.full_refresh) reason = StaleReason{"full refresh", true};
    if (reason) {
      planned.state = PlanState::Stale;
      planned.reason = reason->text;
      planned.rebuild = reason->rebuild || options_.full_refresh;
      return planned;
    }
    std::vector<std::string> moving;
    for (const TableName& input : model.reads)
      if (moving_.contains(rejected_of(input).value_or(input))) moving.push_back(to_string(input));
    planned.state = moving.empty() ? PlanState::Fresh : PlanState::Depends;
    planned.reason = moving.empty() ? "up to date" : fmt::format("if {} moves", fmt::join(moving, " or "));
    return planned;
  }

  // All outputs of a command are planned with it.
  void plan_output(Plan& plan, const TableName& table, const AnalysedCommand& command) {
    if (!options_.commands.contains(command.config->name)) return;
    const PlannedCommand& made_by = plan_command(command);
    PlannedTable planned;
    planned.table = table;
    planned.state = made_by.state;
    planned.reason = made_by.state == PlanState::Fresh || made_by.state == PlanState::Held
                         ? made_by.reason
                         : fmt::format("command:{}: {}", made_by.name, made_by.reason);
    planned.command = made_by.name;
    if (planned.state == PlanState::Stale || planned.state == PlanState::Depends) moving_.insert(table);
    plan.tables.push_back(std::move(planned));
  }

  const PlannedCommand& plan_command(const AnalysedCommand& command) {
    const auto [found, is_new] = commands_.try_emplace(command.config->name);
    PlannedCommand& planned = found->second;
    if (!is_new) return planned;
    planned.name = command.config->name;
    const auto mark = last_mark(
        command,
        [this](const TableName& table) {
          const Entry* entry = find(table);
          return entry == nullptr ? std::nullopt : std::optional<Entry>(*entry);
        },
        options_.command_mark);
    const bool is_held = std::ranges::any_of(command.writes, [&](const TableName& table) { return options_.held.contains(table); });
    if (is_held && mark && mark->fingerprint == command.fingerprint) {
      planned.state = PlanState::Held;
      planned.reason = std::string(kHeld);
      return planned;
    }
    auto reason = stale_reason(command, mark, versions_);
    planned.full_refresh = options_.full_refresh;
    if (!reason && options_.full_refresh) reason = "full refresh";
    std::vector<std::string> moving;
    for (const TableName& input : command.reads)
      if (moving_.contains(input)) moving.push_back(to_string(input));
    planned.state = reason ? PlanState::Stale : moving.empty() ? PlanState::Fresh : PlanState::Depends;
    planned.reason = reason ? *reason : moving.empty() ? "up to date" : fmt::format("if {} moves", fmt::join(moving, " or "));
    return planned;
  }

  PlannedSink plan_sink(const SinkConfig& sink) {
    std::vector<std::string> moved, moving, missing;
    for (const SinkTable& table : sink.tables) {
      const std::string name = to_string(table.table);
      const auto version = versions_.of(table.table);
      if (version && (options_.full_refresh || !options_.is_carried(sink, table, *version)))
        moved.push_back(name);
      else if (moving_.contains(table.table))
        moving.push_back(name);
      else if (!version)
        missing.push_back(name);
    }
    if (!moved.empty())
      return {sink.name, PlanState::Stale, options_.full_refresh ? "full refresh" : fmt::format("{} moved", fmt::join(moved, ", "))};
    if (!moving.empty()) return {sink.name, PlanState::Depends, fmt::format("if {} moves", fmt::join(moving, " or "))};
    return {sink.name, PlanState::Fresh,
            missing.empty() ? "up to date" : fmt::format("{} was never built", fmt::join(missing, ", "))};
  }

  static PlannedTable& held(PlannedTable& planned) {
    planned.state = PlanState::Held;
    planned.reason = std::string(kHeld);
    return planned;
  }

  const Project& project_;
  const Analysis& analysis_;
  const Graph& graph_;
  const PlanOptions& options_;
  std::map<TableName, const Entry*> entries_;
  std::map<TableName, const SourceConfig*> sources_;
  std::set<TableName> moving_;
  std::set<std::string> moving_sinks_;
  std::map<std::string, PlannedCommand> commands_;
  Versions versions_;
};

}  // namespace

std::string_view to_string(PlanState state) {
  switch (state) {
    case PlanState::Fresh:
      return "fresh";
    case PlanState::Stale:
      return "stale";
    case PlanState::Depends:
      return "depends";
    case PlanState::Held:
      return "held";
  }
  return "fresh";
}

bool Plan::has_work() const {
  const auto is_stale = [](const auto& planned) { return planned.state == PlanState::Stale; };
  return std::ranges::any_of(tables, is_stale) || std::ranges::any_of(sinks, is_stale) ||
         std::ranges::any_of(commands, is_stale) || std::ranges::any_of(databases, is_stale);
}

Plan make_plan(const Project& project, const Analysis& analysis, const Graph& graph, std::span<const Entry> entries,
               const PlanOptions& options) {
  return Planner(project, analysis, graph, entries, options).plan();
}

Versions::Versions(std::function<std::optional<Entry>(const TableName&)> find) : find_(std::move(find)) {}

std::optional<std::string> Versions::of(const TableName& table) {
  if (const auto found = known_.find(table); found != known_.end()) return found->second;
  const std::optional<Entry> entry = find_(table);
  std::optional<std::string> version;
  if (entry) version = entry->data_version;
  if (!entry && rejected_of(table)) version = "none";  // nothing was ever refused
  if (entry && entry->kind == EntryKind::View) {
    // A view moves when what it reads moves.
    std::string text = property(*entry, "lochan.fingerprint") ? *property(*entry, "lochan.fingerprint") : "";
    if (const std::string* inputs = property(*entry, "lochan.inputs")) {
      for (const auto& [input, ignored] : parse_inputs(*inputs))
        text += "|" + to_string(input) + "=" + of(input).value_or("");
    }
    version = sha256(text).substr(0, 16);
  }
  known_[table] = version;
  return version;
}

std::map<TableName, std::string> parse_inputs(const std::string& property) {
  std::map<TableName, std::string> inputs;
  const Json json = Json::parse(property, nullptr, false);
  if (!json.is_object()) return inputs;
  for (const auto& [name, version] : json.items())
    if (const auto table = parse_table_name(name); table && version.is_string())
      inputs[*table] = version.get<std::string>();
  return inputs;
}

std::string inputs_property(const std::map<TableName, std::string>& inputs) {
  Json json = Json::object();
  for (const auto& [table, version] : inputs) json[to_string(table)] = version;
  return json.dump();
}

CommandMark mark_of(const Entry& entry) {
  CommandMark mark;
  if (const std::string* fingerprint = property(entry, "lochan.fingerprint")) mark.fingerprint = *fingerprint;
  if (const std::string* inputs = property(entry, "lochan.inputs")) mark.inputs = parse_inputs(*inputs);
  return mark;
}

std::optional<CommandMark> last_mark(const AnalysedCommand& command,
                                     const std::function<std::optional<Entry>(const TableName&)>& find,
                                     const std::function<std::optional<CommandMark>(const std::string&)>& mark) {
  if (command.writes.empty()) return mark ? mark(command.config->name) : std::nullopt;
  std::optional<CommandMark> last;
  for (const TableName& table : command.writes) {
    const auto entry = find(table);
    if (!entry) return std::nullopt;
    CommandMark made = mark_of(*entry);
    if (last && (last->fingerprint != made.fingerprint || last->inputs != made.inputs)) return std::nullopt;
    last = std::move(made);
  }
  return last;
}

namespace {

std::vector<std::string> moved_inputs(std::span<const TableName> reads, const std::map<TableName, std::string>& built_from,
                                      Versions& versions) {
  std::vector<std::string> moved;
  for (const TableName& input : reads) {
    const auto before = built_from.find(input);
    const auto now = versions.of(input);
    if (before == built_from.end() || !now || before->second != *now) moved.push_back(to_string(input));
  }
  return moved;
}

// Where the intervals that are there can't be built on.
std::string lost_intervals(const Model& model, const TimeRanges& built) {
  if (built.is_empty()) return "it is not known which intervals were built";
  const auto begin = model.begin ? parse_time(**model.begin) : std::nullopt;
  if (begin && built.ranges().front().from < *begin) return "`begin` is later than what is there";
  return "";
}

std::string missing_text(const TimeRanges& missing, Interval interval) {
  const bool is_one = missing.ranges().size() == 1 && next_interval(missing.ranges()[0].from, interval) == missing.ranges()[0].until;
  return fmt::format("{} missing: {}", is_one ? "an interval is" : "intervals are", show_ranges(missing, interval));
}

}  // namespace

std::optional<std::string> stale_reason(const AnalysedCommand& command, const std::optional<CommandMark>& mark,
                                        Versions& versions) {
  const CommandConfig& config = *command.config;
  const CommandWhen by_default = config.inputs.empty() ? CommandWhen::Always : CommandWhen::Changed;
  const CommandWhen when = config.when.value_or(by_default);
  if (when == CommandWhen::Always) return "it runs always";
  if (when == CommandWhen::Selected) return "it was selected";
  if (!mark) return command.writes.empty() ? "never run" : "never built";
  if (mark->fingerprint != command.fingerprint) return "its settings or files changed";
  const auto moved = moved_inputs(command.reads, mark->inputs, versions);
  if (moved.empty()) return std::nullopt;
  return fmt::format("{} moved", fmt::join(moved, ", "));
}

std::optional<StaleReason> stale_reason(const AnalysedModel& model, const Entry* current, Versions& versions,
                                        std::optional<Instant> now) {
  if (current == nullptr) return StaleReason{"never built", true};
  const std::string* made_by = property(*current, "lochan.fingerprint");
  if (made_by == nullptr || *made_by != model.fingerprint) return StaleReason{"its code changed", true};
  if (model.model->materialized == Materialization::View) return std::nullopt;
  std::vector<std::string> reasons;
  if (const auto moved = moved_inputs(model.reads, mark_of(*current).inputs, versions); !moved.empty())
    reasons.push_back(fmt::format("{} moved", fmt::join(moved, ", ")));
  if (has_intervals(*model.model)) {
    const TimeRanges built = built_intervals(*current);
    if (const std::string lost = lost_intervals(*model.model, built); !lost.empty()) return StaleReason{lost, true};
    const TimeRanges missing = now ? missing_intervals(*model.model, built, *now) : TimeRanges();
    if (!missing.is_empty()) reasons.push_back(missing_text(missing, model.model->interval));
  }
  if (reasons.empty()) return std::nullopt;
  return StaleReason{fmt::format("{}", fmt::join(reasons, "; ")), false};
}

}  // namespace lochan
