// A step that tries a table's rejected records again: those that pass enter the table, and the log says so.
#include "base/error.h"
#include "base/sql.h"
#include "engine/compaction.h"
#include "project/rejected_name.h"
#include "run/replaying.h"
#include "run/step_runner.h"
#include "source/raw_table.h"

#include <fmt/format.h>

namespace lochan {
namespace {

// As versions that came in now: what reads on by `_loaded_at` finds them.
void append_versions(Session& session, const Replay& replay, const ReplayQuestion& question, const std::string& at,
                     std::int64_t run) {
  std::vector<std::string> names;
  for (const Column& column : question.columns) names.push_back(column.name);
  session.execute(fmt::format("insert into {} (_source, _loaded_at, _run, _deleted, dt, {}) {}", question.table,
                              sql::identifiers(names),
                              replay.passing(fmt::format("{}, {}::timestamptz, {}, false, {}::date", Replay::source(),
                                                         sql::literal(at), run, sql::literal(at.substr(0, 10))))));
}

}  // namespace

StepState StepRunner::run_replay(Worker& worker, Step& step) {
  const TableName& table = step.report.tables.front();
  const TableName log = rejected_table(table);
  const std::optional<Entry> current = lake_.catalog().find(branch_, table);
  step.loaded.clear();
  step.built = {};
  step.report.rows_written = step.report.rows_rejected = 0;
  if (!current || !lake_.catalog().find(branch_, log)) return StepState::Unchanged;
  if (step.rebuild || step.reload)
    throw Error(ErrorKind::Data, fmt::format("`{}` must be brought up to date first: {}", to_string(table), step.report.reason))
        .hint(fmt::format("lochan run --select {}", to_string(table)));
  Session& session = worker.session();
  worker.need_threads();
  step.loaded_at = next_loaded_at(step);
  const std::string at = to_string(step.is_source() ? step.loaded_at : run_at_);
  const ReplayQuestion question = replay_question(lake_.project(), analysis_, *current, session.lake(), *step.replay, at);
  Replay replay(session, question);
  const ReplayCounts& counts = replay.counts();
  bool logged = false;
  if (step.is_source()) {
    logged = session.transaction([&] {
      if (counts.passing > 0) append_versions(session, replay, question, at, run_);
      return replay.close(run_);
    });
  } else {
    step.was_evaluated = true;
    const ModelBuildRequest request{*step.model->model, replay.passing(), {}, current, false, question.columns,
                                    is_immutable(table.layer)};
    if (counts.passing > 0) step.built = build_model(session, request);
    else step.built.changed = false;
    logged = replay.close(run_);
  }
  if (logged && !is_immutable(table.layer)) compact(session, question.log, "");
  if (logged) step.logged.insert(log);
  step.report.rows_read = counts.records;
  step.report.rows_written = counts.passing;
  step.report.rows_rejected = counts.failing;
  if (!step.is_source()) return step.built.changed ? StepState::Built : StepState::Unchanged;
  const bool changed = counts.passing > 0;
  step.loaded.push_back({table, counts.records, counts.passing, {}, changed, {}, counts.failing, logged});
  if (changed && !is_immutable(table.layer)) compact(session, question.table, std::string(kRawPartition));
  const std::lock_guard lock(mutex_);
  if (changed) loaded_at_[table] = step.loaded_at;
  return changed ? StepState::Built : StepState::Unchanged;
}

}  // namespace lochan
