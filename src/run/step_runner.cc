#include "run/step_runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "catalog/lake_file.h"
#include "check/history.h"
#include "engine/compaction.h"
#include "project/rejected_name.h"
#include "run/aging.h"
#include "run/archive.h"
#include "run/interval_work.h"
#include "run/journal.h"
#include "run/measures.h"
#include "run/reconciling.h"

namespace lochan {
namespace {

constexpr std::int64_t kFewRecords =
    50'000;  // of a table: searched through by one thread before others have come to help

// Puts the tables of a step back to what they were unless the attempt ends well.
class Attempt {
 public:
  Attempt(Catalog& catalog, const std::string& branch, std::span<const TableName> tables)
      : catalog_(catalog), savepoint_(catalog.savepoint(branch, tables)) {}
  void restore() { catalog_.restore(savepoint_); }

 private:
  Catalog& catalog_;
  Catalog::Savepoint savepoint_;
};

}  // namespace

std::map<TableName, std::string> marks_of(const Entry& entry) {
  const auto found = entry.properties.find("lochan.marks");
  return found == entry.properties.end() ? std::map<TableName, std::string>{} : parse_inputs(found->second);
}

StepState StepRunner::run(Worker& worker, Step& step, const ProgramTalk& talk) {
  if (step.command != nullptr && step.report.tables.empty()) return run_command(worker, step, talk);
  Attempt attempt(lake_.catalog(), branch_, step.writes());
  step.logged.clear();
  std::vector<std::optional<Entry>> before;
  for (const TableName& table : step.writes()) before.push_back(lake_.catalog().find(branch_, table));
  try {
    const StepState state = step.command != nullptr ? run_command(worker, step, talk)
                            : step.replay           ? run_replay(worker, step)
                            : step.is_source()      ? run_source(worker, step)
                                                    : run_model(worker, step);
    step.report.bytes_written = state == StepState::Built ? written_bytes(step, before) : 0;
    return state;
  } catch (...) {
    // The token goes first: nothing may be written after the tables have been put back.
    worker.drop_session();
    attempt.restore();
    throw;
  }
}

// Neither snapshots nor commits say how large the files are that the engine wrote: their manifests do.
std::int64_t StepRunner::written_bytes(const Step& step, const std::vector<std::optional<Entry>>& before) const {
  const std::vector<TableName> tables = step.writes();
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < tables.size(); ++i)
    if (const auto now = lake_.catalog().find(branch_, tables[i]))
      bytes += added_bytes(lake_.catalog(), *now, before[i] ? &*before[i] : nullptr);
  return static_cast<std::int64_t>(bytes);
}

// Later than every earlier load of these tables, so that reading on by `_loaded_at` misses nothing.
Instant StepRunner::next_loaded_at(const Step& step) {
  Instant instant = lake_.clock().now();
  for (const TableName& table : step.report.tables)
    if (const auto earlier = loaded_at(table)) instant = std::max(instant, *earlier + std::chrono::microseconds{1});
  return instant;
}

std::optional<Instant> StepRunner::loaded_at(const TableName& table) const {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = loaded_at_.find(table); found != loaded_at_.end()) return found->second;
  }
  const auto entry = lake_.catalog().find(branch_, table);
  if (!entry) return std::nullopt;
  const auto found = entry->properties.find("lochan.loaded_at");
  if (found == entry->properties.end()) return std::nullopt;
  return parse_instant(found->second);
}

bool StepRunner::is_immutable(const std::string& layer) const {
  const auto found = lake_.project().layers.find(layer);
  return found != lake_.project().layers.end() && found->second.immutable;
}

// What is landed for a run that was killed or cancelled was never used.
Landing StepRunner::landing(Worker& worker, const Step& step) {
  Landing landing{lake_.store(), lake_.clock(), log_, run_};
  landing.is_stopped = [&worker] { return worker.is_expired(); };
  landing.was_cut_off = [this](std::int64_t run) {
    const auto record = Journal(lake_.state()).find(run);
    return record && (record->state == RunState::Dead || record->state == RunState::Cancelled);
  };
  landing.tell = [this, connection = step.connection->name](const LandingTally& tally) {
    Measures measures(lake_.state());
    measures.add({"calls", connection, "made", static_cast<double>(tally.calls)});
    measures.add({"calls", connection, "held_back", static_cast<double>(tally.held_back)});
    measures.add({"calls", connection, "tried_again", static_cast<double>(tally.tried_again)});
    measures.add({"call_wait_seconds", connection, "held_back", std::chrono::duration<double>(tally.held).count()});
  };
  return landing;
}

StepState StepRunner::run_source(Worker& worker, Step& step) {
  if (!step.blocked.empty()) throw Error(ErrorKind::Data, step.blocked);
  const std::unique_ptr<Source> source = make_source(*step.connection);
  TemporaryFolder copies;  // of archived days
  step.change_mark = source->change_mark(step.source_tables);
  step.loaded_at = next_loaded_at(step);
  LoadRequest request{*step.source, *step.connection, step.source_tables, {},
                      run_,         step.loaded_at,   is_immutable("raw")};
  request.need_threads = [&worker] { worker.need_threads(); };
  request.may_be_worth_compacting = [this](const TableName& table) {
    const auto size = size_of(table);
    return !size || size->delete_files > 0 || may_be_worth_rewriting(size->data_files);
  };
  for (const TableName& table : step.report.tables) {
    auto current = lake_.catalog().find(branch_, table);
    if (const auto size = current ? described_size(lake_.catalog(), *current) : std::nullopt) request.sizes[table] = *size;
    if (current && step.reload) current->properties.erase("lochan.cursor");
    if (current) add_archived(*current, request, copies);
    request.current.emplace(table, std::move(current));
    const Quarantine refusing = quarantine(table);
    if (!refusing.rules.empty() || refusing.has_log) request.quarantine[table] = {refusing.rules, refusing.has_log};
  }
  const Landing place = landing(worker, step);
  request.landing = &place;
  step.loaded = load(worker.session(), *source, request);
  if (!source->read_as_marked()) step.change_mark.reset();
  bool changed = false;
  std::int64_t rows_read = 0, bytes_read = 0;
  bool knows_bytes = false;
  step.report.rows_written = step.report.rows_rejected = 0;
  for (const LoadedTable& loaded : step.loaded) {
    rows_read += loaded.rows_read;
    bytes_read += static_cast<std::int64_t>(loaded.bytes_read.value_or(0));
    knows_bytes = knows_bytes || loaded.bytes_read;
    step.report.rows_written += loaded.rows_written;
    step.report.rows_rejected += loaded.rows_rejected;
    if (loaded.log_changed) step.logged.insert(rejected_table(loaded.table));
    changed = changed || loaded.changed;
    const std::lock_guard lock(mutex_);
    if (loaded.totals) totals_[loaded.table][step.connection->name] = *loaded.totals;
    if (loaded.changed) loaded_at_[loaded.table] = step.loaded_at;
  }
  step.report.rows_read = rows_read;
  step.report.bytes_read = knows_bytes ? std::optional(bytes_read) : std::nullopt;
  return changed ? StepState::Built : StepState::Unchanged;
}

std::optional<DescribedSize> StepRunner::size_of(const TableName& table) const {
  const auto entry = lake_.catalog().find(branch_, table);
  return entry ? described_size(lake_.catalog(), *entry) : std::nullopt;
}

// What is read again may have left its table: the load knows when it has to look there.
void StepRunner::add_archived(const Entry& entry, LoadRequest& request, TemporaryFolder& copies) const {
  const auto days = days_of(entry, kArchivedProperty);
  if (days.empty()) return;
  ArchivedRows& archived = request.archived[entry.table];
  for (const auto& [day, file] : days) archived.days.push_back(day);
  archived.files = [this, days, &copies, table = entry.table] {
    Archive archive(lake_, table.layer);
    std::vector<std::string> files;
    for (const auto& [day, file] : days) files.push_back(archive.fetch(table, day, file, copies).string());
    return files;
  };
  archived.cursors = reach_of(entry).cursors;
}

StepState StepRunner::run_model(Worker& worker, Step& step) {
  const AnalysedModel& model = *step.model;
  const TableName& table = model.model->table;
  const Catalog& catalog = lake_.catalog();
  const std::optional<Entry> current = catalog.find(branch_, table);
  Versions versions([&](const TableName& name) { return catalog.find(branch_, name); });
  const auto reason = stale_reason(model, current ? &*current : nullptr, versions, run_at_);
  if (!reason && !step.rebuild && !step.backfill) return StepState::Unchanged;
  step.was_evaluated = true;
  if (reason && !step.backfill) step.report.reason = reason->text;
  step.inputs = versions_of(model.reads, versions, model.model->position, to_string(table));
  step.marks.clear();
  for (const TableName& input : model.reads)
    if (const auto reached = loaded_at(input)) step.marks[input] = to_string(*reached);
  if (model.model->materialized == Materialization::View) return put_view(step);
  step.rebuild = step.rebuild || (reason && reason->rebuild);
  Session& session = worker.session();
  worker.need_threads();  // nobody knows how much it is going to read
  ModelBuildRequest request{
      *model.model, "", parameters(step, current), current, step.rebuild, model.selected, is_immutable(table.layer)};
  request.full_refresh = step.full_refresh;
  request.names_since = std::ranges::find(model.query.parameters, "since") != model.query.parameters.end();
  request.reads_on = request.names_since && request.parameters.at("since").value.has_value();
  request.select = rewrite(model.model->sql, model.query.references,
                           [&](const TableName& input) { return resolver_.name(input, session.lake()); });
  if (has_intervals(*model.model)) request.ranges = find_intervals(session, step, current);
  request.quarantine = quarantine(table);
  if (has_intervals(*model.model)) {
    for (const TimeRange& range : request.ranges) refuse_archived_inputs(step, to_string(range.from));
  } else if (!request.reads_on) {
    refuse_archived_inputs(step, "");
  }
  if (current && !step.rebuild) refuse_missed_archived(step, *current);
  step.built = build_model(session, request);
  if (step.built.log_changed) step.logged.insert(rejected_table(table));
  step.report.rows_rejected = step.built.rows_rejected;
  if (model.model->materialized == Materialization::Scd2) audit_own(session, table, step.built);
  step.report.rows_written = step.built.rows_written;
  step.report.rows_removed = step.built.rows_removed;
  return step.built.changed ? StepState::Built : StepState::Unchanged;
}

// What is archived would be missing from a table that is made of all of its input, as if it had been deleted. `since`:
// made of what happened from then on, which can't have been loaded earlier; "": of all.
void StepRunner::refuse_archived_inputs(const Step& step, const std::string& since) const {
  std::map<TableName, std::string> versions;
  for (const TableName& input : step.model->reads) resolver_.add_versions(input, versions);
  for (const auto& [input, version] : versions) {
    const auto entry = resolver_.find(input);
    const auto archived = entry ? days_of(*entry, kArchivedProperty) : std::map<std::string, std::string>{};
    if (archived.empty() || (!since.empty() && archived.rbegin()->first < since.substr(0, 10))) continue;
    throw Error(ErrorKind::Data, fmt::format("it would be built of all of `{}`, of which a part is archived ({})",
                                             to_string(input), archive_note(*entry)))
        .at(step.model->model->position)
        .hint("restore it first, or make this model incremental and let it read on by `$since`");
  }
}

// Rows that came after it last read the table, and were archived before it came to read them.
void StepRunner::refuse_missed_archived(const Step& step, const Entry& current) const {
  for (const auto& [input, mark] : marks_of(current)) {
    const auto entry = lake_.catalog().find(branch_, input);
    if (!entry || !step.marks.contains(input) || days_of(*entry, kArchivedProperty).empty()) continue;
    const auto reach = reach_of(*entry).loaded_at;
    if (!reach || parse_instant(mark) >= *reach) continue;
    throw Error(ErrorKind::Data, fmt::format("it has read `{}` up to {} and rows of up to {} are archived, so it would miss some ({})",
                                             to_string(input), mark, to_string(*reach), archive_note(*entry)))
        .at(step.model->model->position)
        .hint(fmt::format("lochan archive restore {} --from {}", to_string(input), mark.substr(0, 10)));
  }
}

std::map<TableName, std::string> StepRunner::versions_of(std::span<const TableName> inputs, Versions& versions,
                                                         const Position& reader, const std::string& step) const {
  std::map<TableName, std::string> found;
  for (const TableName& input : inputs) {
    const auto version = versions.of(input);
    if (!version)
      throw Error(ErrorKind::Data, fmt::format("`{}`, which it reads, was never built", to_string(input)))
          .at(reader)
          .hint(fmt::format("build it too: --select +{}", step));
    found[input] = *version;
  }
  return found;
}

// Here, where it is known which keys were touched: the audit comes in any session.
void StepRunner::audit_own(Session& session, const TableName& table, const ModelBuilt& built) {
  for (const AnalysedCheck& check : analysis_.checks.at(table)) {
    if (check.config->kind != kHistoryCheck || !built.changed) continue;
    CheckResult result = audit_history(session, *check.config, table, resolver_.name(table, session.lake()), built.touched);
    const std::lock_guard lock(mutex_);
    own_audits_[table] = std::move(result);
  }
  if (!built.touched.empty()) session.execute(fmt::format("drop table if exists {}", built.touched));
}

std::vector<TimeRange> StepRunner::find_intervals(Session& session, Step& step, const std::optional<Entry>& current) {
  const AnalysedModel& model = *step.model;
  if (step.backfill && current && step.rebuild)
    throw Error(ErrorKind::Data, fmt::format("`{}` has to be built anew, so no part of it can be filled", to_string(model.model->table)))
        .at(model.model->position)
        .hint(fmt::format("lochan run --select {}", to_string(model.model->table)));
  const IntervalQuestion question{lake_.project(), analysis_, model, current && !step.rebuild ? &*current : nullptr,
                                  step.backfill ? std::optional(step.backfill->range) : std::nullopt, run_at_};
  const IntervalWork work = IntervalFinder(session, resolver_, question).find();
  step.intervals = work.built;
  step.report.rows_late = work.rows_late;
  step.report.intervals = show_ranges(TimeRanges(work.chunks), model.model->interval);
  const IntervalAncestry ancestry = interval_ancestry(resolver_, analysis_, model);
  step.read = ancestry.read;
  step.loads = ancestry.loads;
  if (step.backfill) {
    // What else has changed since is still to be found; of a table that wasn't there, all.
    const auto before = [&](const std::string& name) {
      using Names = std::map<TableName, std::string>;
      if (!current) return Names{};
      const auto found = current->properties.find(name);
      return found == current->properties.end() ? Names{} : parse_inputs(found->second);
    };
    step.inputs = before("lochan.inputs");
    step.marks = before("lochan.marks");
    step.read = before("lochan.read");
    step.loads = before("lochan.loads");
  }
  return work.chunks;
}

std::vector<RowRule> StepRunner::rules(const TableName& table) const {
  std::vector<RowRule> rules;
  if (const auto checks = analysis_.checks.find(table); checks != analysis_.checks.end())
    for (const AnalysedCheck& check : checks->second)
      if (check.rule) rules.push_back(*check.rule);
  return rules;
}

Quarantine StepRunner::quarantine(const TableName& table) const {
  const bool has_log = lake_.catalog().find(branch_, rejected_table(table)).has_value();
  return {rules(table), has_log, to_string(run_at_), run_};
}

StepState StepRunner::put_view(Step& step) {
  const AnalysedModel& model = *step.model;
  PublishView view;
  view.table = model.model->table;
  view.sql = model.model->sql;
  view.columns = model.columns;
  view.data_version = model.fingerprint;
  view.properties = {{"lochan.sql", model.model->sql},
                     {"lochan.fingerprint", model.fingerprint},
                     {"lochan.inputs", inputs_property(step.inputs)}};
  lake_.catalog().put_view(branch_, view);
  step.built = {};
  return StepState::Built;
}

std::optional<std::string> StepRunner::since(const Step& step, const std::optional<Entry>& current) const {
  if (step.rebuild || !current) return std::nullopt;
  const auto before = marks_of(*current);
  std::optional<std::string> earliest;
  for (const auto& [input, reached] : step.marks) {
    const auto found = before.find(input);
    if (found == before.end()) return std::nullopt;  // an input that wasn't read by its mark yet: all of it is new
    if (!earliest || found->second < *earliest) earliest = found->second;
  }
  return earliest;
}

Parameters StepRunner::parameters(const Step& step, const std::optional<Entry>& current) const {
  Parameters parameters{{"since", {"TIMESTAMPTZ", since(step, current)}},
                        {"until", {"TIMESTAMPTZ", to_string(run_at_)}},
                        {"run_at", {"TIMESTAMPTZ", to_string(run_at_)}}};
  for (const auto& [name, value] : lake_.project().variables) parameters[name] = {"VARCHAR", value};
  return parameters;
}

std::vector<CheckResult> StepRunner::audit(Worker& worker, const TableName& table) {
  Session& session = worker.session();
  const bool reads_others =
      std::ranges::any_of(analysis_.checks.at(table), [](const AnalysedCheck& check) { return !check.reads.empty(); });
  const auto size = size_of(table);
  if (reads_others || !size || size->records > kFewRecords) worker.need_threads();
  std::vector<CheckResult> results;
  std::vector<const CheckConfig*> configs;
  std::map<std::string, SourceTotals> totals;
  if (const auto entry = lake_.catalog().find(branch_, table)) totals = published_totals(*entry);
  {
    const std::lock_guard lock(mutex_);
    const auto own = own_audits_.find(table);
    if (own != own_audits_.end()) results.push_back(own->second);
    if (const auto loaded = totals_.find(table); loaded != totals_.end())
      for (const auto& [connection, total] : loaded->second) totals[connection] = total;
  }
  for (const AnalysedCheck& check : analysis_.checks.at(table))
    if (check.config->kind != kReconciliationCheck && (results.empty() || check.config->kind != kHistoryCheck)) configs.push_back(check.config);
  for (CheckResult& result : audit_all(
           session, worker.shadow(), table, configs,
           [&](const TableName& name) { return resolver_.name(name, session.lake()); }, check_parameters(to_string(run_at_))))
    results.push_back(std::move(result));
  for (CheckResult& result :
       audit_reconciliations(session, lake_.project(), analysis_, table, resolver_.name(table, session.lake()), totals))
    results.push_back(std::move(result));
  return results;
}

}  // namespace lochan
