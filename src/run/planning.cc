#include "run/planning.h"

#include <algorithm>

#include "base/hash.h"
#include "catalog/held_tables.h"
#include "check/check.h"
#include "plan/selection.h"
#include "run/journal.h"
#include "run/carrying.h"
#include "run/command_marks.h"
#include "run/source_marks.h"
#include "source/load.h"
#include "source/source.h"

namespace lochan {
namespace {

using Find = std::function<std::optional<Entry>(const TableName&)>;

Find finder(const std::vector<Entry>& entries) {
  std::map<TableName, const Entry*> by_name;
  for (const Entry& entry : entries) by_name.emplace(entry.table, &entry);
  return [by_name = std::move(by_name)](const TableName& table) -> std::optional<Entry> {
    const auto found = by_name.find(table);
    if (found == by_name.end()) return std::nullopt;
    return *found->second;
  };
}

Selected modified_steps(const Analysis& analysis, const Find& find, const CommandMarks& marks) {
  Selected selected;
  std::set<TableName>& modified = selected.tables;
  const auto differs = [&](const TableName& table, const std::string& fingerprint) {
    const auto entry = find(table);
    if (!entry) return true;
    const auto made_by = entry->properties.find("lochan.fingerprint");
    return made_by == entry->properties.end() || made_by->second != fingerprint;
  };
  for (const auto& [table, model] : analysis.models)
    if (differs(table, model.fingerprint)) modified.insert(table);
  for (const auto& [table, fingerprint] : analysis.raw_fingerprints)
    if (differs(table, fingerprint)) modified.insert(table);
  for (const auto& [table, model] : analysis.database_models)
    if (model.is_modified) modified.insert(table);
  for (const auto& [name, command] : analysis.commands) {
    const auto mark = last_mark(command, find, [&](const std::string& other) { return marks.find(other); });
    if (mark && mark->fingerprint == command.fingerprint) continue;
    selected.commands.insert(name);
    modified.insert(command.writes.begin(), command.writes.end());
  }
  return selected;
}

// Of the last run: `result:error`, `result:success`, `result:skipped`.
Selected steps_with_result(Database& state, const Project& project, const std::string& result) {
  const std::map<std::string, std::vector<StepState>> words = {{"error", {StepState::Failed, StepState::HeldBack}},
                                                               {"success", {StepState::Built, StepState::Unchanged}},
                                                               {"skipped", {StepState::Skipped, StepState::Cancelled}}};
  const auto states = words.find(result);
  if (states == words.end())
    throw Error(ErrorKind::Usage, "`result:" + result + "` is not known")
        .hint("there are result:error, result:success and result:skipped");
  const Journal journal(state);
  Selected selected;
  const auto last = journal.last_run_with_steps();
  if (!last) return selected;
  for (const StepReport& step : journal.steps(*last)) {
    if (std::ranges::find(states->second, step.state) == states->second.end()) continue;
    const std::string name = step.name.substr(step.name.find(':') + 1);
    if (step.kind != "sink" && step.kind != "command")
      selected.tables.insert(step.tables.begin(), step.tables.end());
    else if (step.kind == "sink" && project.sinks.contains(name))
      selected.sinks.insert(name);
    else if (step.kind == "command" && project.commands.contains(name))
      selected.commands.insert(name);
  }
  return selected;
}

bool is_unchanged(Lake& lake, const Analysis& analysis, const Find& find, const SourceConfig& source,
                  const Connection& connection) {
  try {
    std::vector<const SourceTable*> tables;
    for (const SourceTable& table : source.tables) tables.push_back(&table);
    const auto mark = make_source(connection)->change_mark(tables);
    if (!mark) return false;
    const std::string cursors = cursors_digest(source, connection, analysis, find);
    return SourceMarks(lake.state()).find(source.name, connection.name, cursors) == mark;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Internal) throw;
    return false;  // its step will say what is wrong with it
  }
}

// Whether a check of what comes from the source depends on more than its rows: then its step runs even when nothing is new.
bool grows_old(const Analysis& analysis, const Graph& graph, const SourceConfig& source) {
  std::set<TableName> below;
  for (const SourceTable& table : source.tables) below.merge(graph.downstream(table.table()));
  return std::ranges::any_of(analysis.checks, [&](const auto& checks) {
    return below.contains(checks.first) && std::ranges::any_of(checks.second, [](const AnalysedCheck& check) {
             return is_of_now(*check.config);
           });
  });
}

// A rollback takes back code too, and the project's files still have what it took back: with that a held table is no more
// changed than with the code it has now.
std::vector<Entry> with_rolled_back_code(Lake& lake, const Analysis& analysis, std::vector<Entry> entries) {
  const std::map<TableName, std::string> code = rolled_back_code(lake.catalog());
  for (Entry& entry : entries) {
    const auto taken_back = code.find(entry.table);
    if (taken_back == code.end()) continue;
    const auto model = analysis.models.find(entry.table);
    const auto raw = analysis.raw_fingerprints.find(entry.table);
    const bool is_in_project = (model != analysis.models.end() && model->second.fingerprint == taken_back->second) ||
                               (raw != analysis.raw_fingerprints.end() && raw->second == taken_back->second);
    if (is_in_project) entry.properties["lochan.fingerprint"] = taken_back->second;
  }
  return entries;
}

Selected choose(Lake& lake, const Analysis& analysis, const Graph& graph, const Find& find,
                const std::vector<std::string>& texts, const std::vector<std::string>& exclude) {
  const SelectionContext context{lake.project(), graph, [&] { return modified_steps(analysis, find, CommandMarks(lake.state())); },
                                 [&](const std::string& result) { return steps_with_result(lake.state(), lake.project(), result); }};
  return select(context, texts, exclude);
}

}  // namespace

std::string cursors_digest(const SourceConfig& source, const Connection& connection, const Analysis& analysis,
                           const Find& find) {
  std::string text;
  for (const SourceTable& table : source.tables) {
    text += to_string(table.table()) + "|" + analysis.raw_fingerprints.at(table.table()) + "|";
    const auto entry = find(table.table());
    if (!entry) continue;
    const auto property = entry->properties.find("lochan.cursor");
    if (property == entry->properties.end()) continue;
    const auto cursors = parse_cursors(property->second);
    if (const auto cursor = cursors.find(connection.name); cursor != cursors.end()) text += cursor->second.text;
  }
  return sha256(text);
}

std::set<TableName> choose_tables(Lake& lake, const Analysis& analysis, const Graph& graph, const std::string& ref,
                                  const std::vector<std::string>& select, const std::vector<std::string>& exclude) {
  const std::vector<Entry> entries = lake.catalog().entries(ref);
  std::set<TableName> tables = choose(lake, analysis, graph, finder(entries), select, exclude).tables;
  std::erase_if(tables, [&](const TableName& table) { return analysis.database_models.contains(table); });
  return tables;
}

void refuse_wrong_request(Lake& lake, const RunRequest& request) {
  const std::vector<Entry> entries = lake.catalog().entries(request.target);
  Shadow shadow;
  Analysis analysis = analyse(lake.project(), entries, shadow);
  if (!analysis.problems.empty()) throw ProjectProblems(std::move(analysis.problems));
  const Graph graph(analysis);
  choose(lake, analysis, graph, finder(entries), request.select, request.exclude);
}

Planning make_planning(Lake& lake, const RunRequest& request) {
  const std::int64_t publication = lake.catalog().current_publication();
  const std::vector<Entry> entries = lake.catalog().entries(request.target);
  auto shadow = std::make_unique<Shadow>();
  Analysis analysis = analyse(lake.project(), entries, *shadow);
  if (!analysis.problems.empty()) throw ProjectProblems(std::move(analysis.problems));
  Graph graph(analysis);
  const Find find = finder(entries);
  PlanOptions options;
  Selected selected = choose(lake, analysis, graph, find, request.select, request.exclude);
  options.selected = std::move(selected.tables);
  // A branch is for looking at: what is there goes nowhere.
  if (request.target == "main" && !request.replay) options.sinks = std::move(selected.sinks);
  // Nor is anything done there that isn't seen on it.
  if (!request.replay && !request.backfill)
    for (const std::string& command : selected.commands)
      if (request.target == "main" || !analysis.commands.at(command).writes.empty()) options.commands.insert(command);
  // Nor does a branch reach into a database.
  options.with_databases = request.target == "main" && !request.replay && !request.backfill;
  const CommandMarks marks(lake.state());
  options.command_mark = [&](const std::string& command) { return marks.find(command); };
  options.is_carried = [&](const SinkConfig& sink, const SinkTable& table, const std::string& version) {
    return is_carried(lake, sink, table, version);
  };
  options.full_refresh = request.full_refresh;
  const std::vector<TableName> held = lake.catalog().held_tables();
  options.held = {held.begin(), held.end()};
  options.now = lake.clock().now();
  options.backfill = request.backfill;
  options.replay = request.replay;
  std::map<std::string, bool> asked;  // a connection is asked once, however many tables it has
  if (!request.replay) options.is_unchanged = [&](const SourceConfig& source, const Connection& connection) {
    const auto [found, is_new] = asked.emplace(source.name + "/" + connection.name, false);
    if (is_new) found->second = !grows_old(analysis, graph, source) && is_unchanged(lake, analysis, find, source, connection);
    return found->second;
  };
  Plan plan = options.held.empty()
                  ? make_plan(lake.project(), analysis, graph, entries, options)
                  : make_plan(lake.project(), analysis, graph, with_rolled_back_code(lake, analysis, entries), options);
  plan.publication = publication;
  return {std::move(analysis), std::move(graph), std::move(plan), std::move(shadow)};
}

Plan plan_run(Lake& lake, const RunRequest& request) { return make_planning(lake, request).plan; }

}  // namespace lochan
