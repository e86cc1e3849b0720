#include "schedule/backfill.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "run/interval_work.h"
#include "run/planning.h"
#include "run/query.h"

namespace lochan {
namespace {

class BackfillPlanner {
 public:
  BackfillPlanner(Lake& lake, const BackfillRequest& request)
      : lake_(lake), request_(request), target_(request.target), backfills_(lake.state()) {}

  BackfillPlan plan(bool count) {
    BackfillPlan plan;
    if (request_.resume) plan.record = newest();
    if (request_.resume) target_ = plan.record.target;
    RunRequest run;
    run.select = request_.resume ? names_of(plan.record.tables) : request_.select;
    run.exclude = request_.resume ? std::vector<std::string>{} : request_.exclude;
    run.target = target_;
    const Planning planning = make_planning(lake_, run);
    for (const PlannedTable& table : planning.plan.tables) require_intervals(table);
    for (const PlannedTable& table : planning.plan.tables)
      plan.interval = std::max(plan.interval, model(table.table).interval);
    if (!request_.resume) begin(plan, planning.plan);
    cut(plan);
    if (count) count_rows(plan, planning.analysis);
    return plan;
  }

 private:
  static std::vector<std::string> names_of(const std::vector<TableName>& tables) {
    std::vector<std::string> names;
    for (const TableName& table : tables) names.push_back(to_string(table));
    return names;
  }

  const Model& model(const TableName& table) const { return lake_.project().models.at(table); }

  BackfillRecord newest() const {
    const auto open = backfills_.open();
    if (open.empty())
      throw Error(ErrorKind::Usage, "no backfill was left before its end").hint("begin one with --start and --end");
    return open.front();
  }

  void require_intervals(const PlannedTable& table) const {
    const std::string name = to_string(table.table);
    const auto found = lake_.project().models.find(table.table);
    if (found == lake_.project().models.end() || !has_intervals(found->second))
      throw Error(ErrorKind::Usage,
                  fmt::format("`{}` has no intervals to fill: it is {}", name,
                              !table.command.empty() ? "what a command writes"
                              : found == lake_.project().models.end()
                                  ? "a raw table"
                                  : fmt::format("of kind `{}`", to_string(found->second.materialized))))
          .hint(
              "only incremental models with `time:` have; others are built by `lochan run`, anew with --full-refresh");
    if (table.state == PlanState::Held)
      throw Error(ErrorKind::Usage, fmt::format("`{}` is held after a rollback", name))
          .hint(fmt::format("let it go first: lochan rollback --release {}", name));
    if (table.rebuild && lake_.catalog().find(target_, table.table))
      throw Error(ErrorKind::Usage, fmt::format("`{}` must be built anew as a whole: {}", name, table.reason))
          .hint(fmt::format("lochan run --select {}", name));
  }

  // The one that was asked for in the same words and did not come to its end, or a new one.
  void begin(BackfillPlan& plan, const Plan& selected) {
    BackfillRecord& record = plan.record;
    record.target = target_;
    record.range = within_bounds(whole_intervals(request_.range, plan.interval), selected);
    record.chunk = request_.chunk;
    record.author = request_.author;
    for (const PlannedTable& table : selected.tables) record.tables.push_back(table.table);
    for (const BackfillRecord& other : backfills_.open())
      if (other.target == record.target && other.tables == record.tables && other.range == record.range &&
          other.chunk == record.chunk)
        record = other;
  }

  TimeRange within_bounds(TimeRange range, const Plan& selected) const {
    for (const PlannedTable& table : selected.tables) {
      const Model& made = model(table.table);
      const auto first = made.begin ? parse_time(**made.begin) : std::nullopt;
      if (first && range.from < *first)
        throw Error(ErrorKind::Usage, fmt::format("`{}` begins at {}, and the backfill at {}", to_string(table.table),
                                                  show_time(*first), show_time(range.from)))
            .hint("move `begin` in its front matter, or --start");
      range.until = std::min(range.until, next_interval(lake_.clock().now(), made.interval));
    }
    if (range.is_empty())
      throw Error(ErrorKind::Usage, fmt::format("nothing from {} on has begun yet", show_time(range.from)))
          .hint("see --start");
    return range;
  }

  void cut(BackfillPlan& plan) const {
    std::vector<TimeRanges> built;
    for (const TableName& table : plan.record.tables) {
      const auto entry = lake_.catalog().find(target_, table);
      built.push_back(entry && plan.record.backfill > 0 ? backfilled(*entry, plan.record.backfill) : TimeRanges());
    }
    for (Instant from = plan.record.range.from; from < plan.record.range.until;) {
      const Instant until =
          std::min(whole_intervals({from, from + plan.record.chunk}, plan.interval).until, plan.record.range.until);
      const TimeRange range{from, until};
      const bool is_built = std::ranges::all_of(built, [&](const TimeRanges& ranges) { return ranges.covers(range); });
      plan.chunks.push_back({range, show_intervals(range, plan.interval), is_built, 0});
      from = until;
    }
  }

  // A table that some input of is not built yet has none to count.
  void count_rows(BackfillPlan& plan, const Analysis& analysis) const {
    LakeReader reader(lake_, target_);
    Resolver resolver(lake_.catalog(), reader.ref());
    TimeRanges range;
    range.add(plan.record.range);
    for (const TableName& table : plan.record.tables) {
      const AnalysedModel& analysed = analysis.models.at(table);
      if (!std::ranges::all_of(analysed.reads,
                               [&](const TableName& input) { return resolver.find(input).has_value(); }))
        continue;
      const IntervalQuestion question{lake_.project(), analysis, analysed, nullptr, std::nullopt, lake_.clock().now()};
      for (const auto& [at, rows] : IntervalFinder(reader.session(), resolver, question).count_rows(&range))
        for (BackfillChunk& chunk : plan.chunks)
          if (chunk.range.from <= at && at < chunk.range.until) chunk.rows += rows;
    }
  }

  Lake& lake_;
  const BackfillRequest& request_;
  std::string target_;
  Backfills backfills_;
};

}  // namespace

std::size_t BackfillPlan::built() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(chunks, [](const BackfillChunk& chunk) { return chunk.is_built; }));
}

BackfillPlan plan_backfill(Lake& lake, const BackfillRequest& request, bool count) {
  return BackfillPlanner(lake, request).plan(count);
}

BackfillOutcome run_backfill(Lake& lake, const BackfillRequest& request, BackfillPlan plan, Observer& observer,
                             std::stop_token stop,
                             const std::function<void(const BackfillPlan&, std::size_t, const RunOutcome&)>& told) {
  Backfills backfills(lake.state());
  plan.record.started_at = lake.clock().now();
  if (plan.record.backfill == 0) plan.record.backfill = backfills.insert(plan.record);
  BackfillOutcome outcome;
  outcome.state = RunState::Succeeded;
  RunRequest run;
  for (const TableName& table : plan.record.tables) run.select.push_back(to_string(table));
  run.target = plan.record.target;
  run.command = "backfill";
  run.author = request.author;
  run.wait = request.wait;
  for (std::size_t i = 0; i < plan.chunks.size(); ++i) {
    BackfillChunk& chunk = plan.chunks[i];
    if (chunk.is_built) continue;
    run.backfill = BackfillPart{plan.record.backfill, chunk.range};
    const RunOutcome ended = lochan::run(lake, run, observer, stop);
    outcome.state = ended.state;
    chunk.is_built = ended.state == RunState::Succeeded;
    told(plan, i, ended);
    if (chunk.is_built) continue;
    // Nothing: somebody rolled its tables back meanwhile, and they are held.
    if (ended.state == RunState::Nothing) outcome.state = RunState::Failed;
    break;
  }
  if (outcome.state == RunState::Succeeded) backfills.finish(plan.record.backfill, lake.clock().now());
  outcome.plan = std::move(plan);
  return outcome;
}

}  // namespace lochan
