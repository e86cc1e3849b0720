#include "run/replaying.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/sql.h"
#include "project/rejected_name.h"
#include "run/query.h"
#include "source/load.h"

namespace lochan {
namespace {

void require_replayable(const Project& project, const PlannedTable& planned) {
  const std::string name = to_string(planned.table);
  if (planned.state == PlanState::Held)
    throw Error(ErrorKind::Usage, fmt::format("`{}` is held after a rollback", name))
        .hint(fmt::format("let it go first: lochan rollback --release {}", name));
  if (!planned.is_raw) {
    const Model& model = project.models.at(planned.table);
    const bool is_kept = model.materialized == Materialization::Append ||
                         (model.materialized == Materialization::Incremental && !model.time);
    if (!is_kept)
      throw Error(ErrorKind::Usage, fmt::format("`{}` is made from its SQL again, so there is nothing to replay in it", name))
          .at({model.file, 0, 0})
          .hint(model.time ? fmt::format("build the intervals again: lochan backfill {} --start … --end …", name)
                : model.materialized == Materialization::Table
                    ? fmt::format("a changed check builds it anew: lochan run --select {}", name)
                    : fmt::format("lochan run --full-refresh --select {}", name));
  }
  if (planned.rebuild)
    throw Error(ErrorKind::Usage, fmt::format("`{}` must be brought up to date first: {}", name, planned.reason))
        .hint(fmt::format("lochan run --select {}", name));
}

const SourceTable* find_source_table(const Project& project, const TableName& table) {
  for (const auto& [name, source] : project.sources)
    for (const SourceTable& other : source.tables)
      if (other.table() == table) return &other;
  return nullptr;
}

void add_raw(ReplayQuestion& question, const std::string& at) {
  question.is_raw = true;
  // What the log adds to a row, as a check sees it while the row is loaded.
  question.also = fmt::format(
      "{} as _source, {}::timestamptz as _loaded_at, lochan_run as _run, false as _deleted, {}::date as dt",
      Replay::source(), sql::literal(at), sql::literal(at.substr(0, 10)));
  for (const Column& own : raw_columns({}))
    std::erase_if(question.columns, [&](const Column& column) { return column.name == own.name; });
}

}  // namespace

void require_replayable(const Project& project, const Plan& plan) {
  for (const PlannedTable& planned : plan.tables) require_replayable(project, planned);
}

ReplayQuestion replay_question(const Project& project, const Analysis& analysis, const Entry& table, const std::string& lake,
                               const ReplayPart& part, const std::string& at) {
  ReplayQuestion question{sql::identifier(lake) + "." + quoted(table.table),
                          sql::identifier(lake) + "." + quoted(rejected_table(table.table))};
  question.columns = table.columns;
  question.run = part.run;
  question.check = part.check;
  question.parameters = {{"run_at", {"TIMESTAMPTZ", at}}};
  const SourceTable* source = find_source_table(project, table.table);
  for (const LocatedText& column : source != nullptr ? source->key : project.models.at(table.table).key)
    question.key.push_back(*column);
  if (source != nullptr)
    add_raw(question, at);
  else
    for (const auto& [name, value] : project.variables) question.parameters[name] = {"VARCHAR", value};
  if (const auto checks = analysis.checks.find(table.table); checks != analysis.checks.end())
    for (const AnalysedCheck& check : checks->second)
      if (check.rule) question.rules.push_back(*check.rule);
  return question;
}

ReplayCounts count_replay(Lake& lake, const RunRequest& request) {
  const Planning planning = make_planning(lake, request);
  require_replayable(lake.project(), planning.plan);
  LakeReader reader(lake, request.target);
  ReplayCounts counts;
  for (const PlannedTable& planned : planning.plan.tables) {
    const auto entry = lake.catalog().find(reader.ref(), planned.table);
    if (!entry || !lake.catalog().find(reader.ref(), rejected_table(planned.table))) continue;
    const ReplayQuestion question = replay_question(lake.project(), planning.analysis, *entry, reader.session().lake(),
                                                    *request.replay, to_string(lake.clock().now()));
    counts = Replay(reader.session(), question).counts();
  }
  return counts;
}

}  // namespace lochan
