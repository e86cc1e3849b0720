#include "schedule/alert_events.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "project/scalar.h"

namespace lochan {
namespace {

constexpr std::size_t kLongestWay = 200;

std::string run_subject(const RunRecord& run) {
  return fmt::format("run:{}", run.selection.empty() ? run.command : run.command + " " + run.selection);
}

bool ended_well(const StepReport& step) { return step.state == StepState::Built || step.state == StepState::Unchanged; }

std::string check_subject(const CheckResult& check) {
  return fmt::format("check:{}/{}", to_string(check.table), check.name);
}

Trouble trouble_of(const StepReport& step) {
  return {AlertEvent::Failed, "step:" + step.name, fmt::format("`{}` failed", step.name), step.error,
          way_of_failing(step.error)};
}

Trouble trouble_of(const CheckResult& check) {
  const std::string headline = check.error.empty()
                                   ? fmt::format("`{}` of `{}` fails for {}", check.name, to_string(check.table),
                                                 text::plural(check.failing, "row"))
                                   : fmt::format("`{}` of `{}` could not be run", check.name, to_string(check.table));
  return {AlertEvent::AuditFailed, check_subject(check), headline, check.error, way_of_failing(check.error)};
}

void add_tables(const StepReport& step, std::vector<TableName>& tables) {
  if (step.state == StepState::Failed || step.state == StepState::Skipped)
    tables.insert(tables.end(), step.tables.begin(), step.tables.end());
}

}  // namespace

std::string way_of_failing(std::string_view error) {
  std::string way;
  for (const char letter : cut_text(error.substr(0, error.find('\n')), kLongestWay))
    if (letter < '0' || letter > '9') way += letter;
  return way;
}

Happening AlertEvents::of_run(const RunRecord& run) const {
  Happening happening;
  happening.key = fmt::format("run-{}", run.run);
  happening.at = run.finished_at.value_or(run.started_at);
  happening.run = run.run;
  if (const auto tick = ticks_.of_run(run.run)) happening.schedule = tick->key.schedule;
  std::set<std::string> well;
  for (const StepReport& step : journal_.steps(run.run)) {
    if (step.state == StepState::Failed) happening.troubles.push_back(trouble_of(step));
    if (ended_well(step)) well.insert("step:" + step.name);
    add_tables(step, happening.tables);
  }
  for (const CheckResult& check : journal_.checks(run.run)) {
    if (check.severity != Severity::Error) continue;
    if (check.passed()) {
      well.insert(check_subject(check));
    } else {
      happening.troubles.push_back(trouble_of(check));
      happening.tables.push_back(check.table);
      if (happening.look.empty())
        happening.look.push_back(fmt::format("lochan query --branch {} \"select * from {}\"", run.branch, to_string(check.table)));
    }
  }
  const bool is_dead = run.state == RunState::Dead;
  if (is_dead || (run.state == RunState::Failed && happening.troubles.empty()))
    happening.troubles.push_back({AlertEvent::Failed, run_subject(run),
                                  fmt::format("run {} {}", run.run, is_dead ? "died" : "failed"), run.message,
                                  way_of_failing(run.message)});
  if (run.state == RunState::Succeeded || run.state == RunState::Nothing) well.insert(run_subject(run));
  happening.is_well = [well = std::move(well)](const std::string& subject) { return well.contains(subject); };
  std::ranges::sort(happening.tables);
  const auto twice = std::ranges::unique(happening.tables);
  happening.tables.erase(twice.begin(), twice.end());
  happening.look.push_back(fmt::format("lochan history --run {}", run.run));
  return happening;
}

Happening AlertEvents::of_tick(const Tick& tick) const {
  Happening happening;
  // What becomes of it after its hold is told by itself.
  happening.key = fmt::format("tick-{}{}", tick.number, tick.state == TickState::Held ? "-held" : "");
  happening.at = tick.ended_at.value_or(tick.late_at.value_or(tick.key.due_at));
  happening.run = tick.run;
  happening.schedule = tick.key.schedule;
  const std::string& name = tick.key.schedule;
  const std::string due = to_string(tick.key.due_at).substr(0, 19) + " UTC";
  if (tick.late_at)
    happening.troubles.push_back({AlertEvent::Late, "late:" + name, fmt::format("schedule `{}` is late", name),
                                  fmt::format("it was due at {}", due), ""});
  // Each hold is told: it is another one once the tick before was released, and what it began failed again.
  if (tick.state == TickState::Held)
    happening.troubles.push_back({AlertEvent::Failed, "held:" + name,
                                  fmt::format("schedule `{}` waits for a person", name), tick.reason,
                                  to_string(tick.key)});
  if (tick.state == TickState::Missed)
    happening.troubles.push_back({AlertEvent::Missed, "missed:" + name, fmt::format("schedule `{}` missed {}", name, due),
                                  tick.reason, ""});
  // Of a run that failed, the run's own row tells more.
  const auto run = tick.state == TickState::Failed && tick.run > 0 ? journal_.find(tick.run) : std::nullopt;
  const bool is_told = run && (run->state == RunState::Failed || run->state == RunState::Dead);
  if (tick.state == TickState::Failed && !is_told)
    happening.troubles.push_back({AlertEvent::Failed, "schedule:" + name, fmt::format("schedule `{}` failed", name), tick.reason,
                                  way_of_failing(tick.reason)});
  happening.is_well = [name, is_done = tick.state == TickState::Succeeded, was_late = tick.late_at.has_value()](const std::string& subject) {
    if (!is_done) return false;
    return subject == "missed:" + name || subject == "schedule:" + name || subject == "held:" + name ||
           (subject == "late:" + name && !was_late);
  };
  happening.look.push_back("lochan schedule");
  if (tick.state == TickState::Held) happening.look.push_back("lochan schedule release " + name);
  if (tick.run > 0) happening.look.push_back(fmt::format("lochan history --run {}", tick.run));
  return happening;
}

bool AlertEvents::has_new() const {
  return !state_.query("select 1 from run where alerted = 0 and finished_at is not null limit 1").empty() ||
         !ticks_.untold(1).empty();
}

int AlertEvents::collect(int most, const std::function<void(const Happening&)>& take) {
  // Runs first: a tick's end says nothing new of one that was told.
  return (collect_runs(most, take) == most ? 1 : 0) + (collect_ticks(most, take) == most ? 1 : 0);
}

// The rows are read before the transaction, so it stays short.
int AlertEvents::collect_runs(int most, const std::function<void(const Happening&)>& take) {
  const auto rows = state_.query(
      "select run from run where alerted = 0 and finished_at is not null order by finished_at limit $1", {std::int64_t{most}});
  for (const DbRow& row : rows) {
    const auto run = journal_.find(row.integer(0));
    if (!run) continue;
    const Happening happening = of_run(*run);
    state_.write([&] {
      if (state_.execute("update run set alerted = 1 where run = $1 and alerted = 0", {run->run}) == 0) return;
      // What was tried on a person's branch is theirs to look at.
      if (run->target == "main") take(happening);
    });
  }
  return static_cast<int>(rows.size());
}

int AlertEvents::collect_ticks(int most, const std::function<void(const Happening&)>& take) {
  const auto ticks = ticks_.untold(most);
  for (const Tick& tick : ticks) {
    const Happening happening = of_tick(tick);
    state_.write([&] {
      if (ticks_.mark_told(tick)) take(happening);
    });
  }
  return static_cast<int>(ticks.size());
}

}  // namespace lochan
