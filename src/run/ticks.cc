#include "run/ticks.h"

#include <fmt/format.h>

#include <array>

#include "base/error.h"
#include "run/run.h"

namespace lochan {
namespace {

// `schedule`: what a schedule has come to. `reached_at`: all times until then are ticks. `seen`: the publication at which
// its last tick began. `released`: ticks up to this number hold nothing. `is_paused`: null as the file says.
constexpr std::array kMigrations = {Migration{"schedule", 1, R"(
create table tick(
  number bigint primary key, schedule text not null, due_at bigint not null, state text not null,
  by_hand bigint not null, reason text not null, run bigint not null, starts bigint not null, process bigint not null,
  not_before bigint, started_at bigint, timed_out_at bigint, late_at bigint, ended_at bigint,
  unique (schedule, due_at));
create index tick_open on tick(due_at) where ended_at is null;
create index tick_of_schedule on tick(schedule, number);
create index tick_of_run on tick(run) where run > 0;
create index tick_ran on tick(schedule, number) where state in ('succeeded', 'failed', 'cancelled');
create index run_running on run(run) where state = 'running';
create table schedule(
  name text primary key, calendar text not null, reached_at bigint not null, seen bigint not null,
  released bigint not null, is_paused bigint)
)"},
                                    // `makers`: what runs until this number have failed to make holds nothing.
                                    Migration{"schedule", 2, R"(
alter table schedule add column makers bigint not null default 0
)"},
                                    // What alerts have looked at (1: that it is late, 2: its end), and measures.
                                    Migration{"schedule", 3, R"(
alter table tick add column told bigint not null default 0;
alter table tick add column measured bigint not null default 0;
create index tick_not_told on tick(number) where told < 2 and (late_at is not null or ended_at is not null);
create index tick_not_measured on tick(number) where measured = 0 and ended_at is not null
)"},
                                    // Of several hosts that share the state.
                                    Migration{"schedule", 4, R"(
alter table tick add column place text not null default ''
)"},
                                    // Whether alerts have looked at its hold.
                                    Migration{"schedule", 5, R"(
alter table tick add column told_held bigint not null default 0;
create index tick_hold_not_told on tick(number) where state = 'held' and told_held = 0
)"}};

constexpr std::string_view kColumns =
    "number, schedule, due_at, state, by_hand, reason, run, starts, process, not_before, started_at, timed_out_at, "
    "late_at, ended_at, place";

constexpr std::array kStates = {TickState::Due,    TickState::Held,      TickState::Running, TickState::Succeeded,
                                TickState::Failed, TickState::Cancelled, TickState::Skipped, TickState::Missed};

TickState parse_state(const std::string& text) {
  for (const TickState state : kStates)
    if (to_string(state) == text) return state;
  throw Error(ErrorKind::Internal, fmt::format("a tick is in the unknown state `{}`", text));
}

std::optional<Instant> instant(const DbRow& row, std::size_t column) {
  if (row.is_null(column)) return std::nullopt;
  return instant_from_micros(row.integer(column));
}

DbValue value(const std::optional<Instant>& at) { return at ? DbValue(to_micros(*at)) : DbValue(nullptr); }

Tick read(const DbRow& row) {
  Tick tick;
  tick.number = row.integer(0);
  tick.key = {row.text(1), instant_from_micros(row.integer(2))};
  tick.state = parse_state(row.text(3));
  tick.by_hand = row.integer(4) != 0;
  tick.reason = row.text(5);
  tick.run = row.integer(6);
  tick.starts = static_cast<int>(row.integer(7));
  tick.process = row.integer(8);
  tick.not_before = instant(row, 9);
  tick.started_at = instant(row, 10);
  tick.timed_out_at = instant(row, 11);
  tick.late_at = instant(row, 12);
  tick.ended_at = instant(row, 13);
  tick.place = row.text(14);
  return tick;
}

TickState tick_state(RunState state) {
  switch (state) {
    case RunState::Succeeded:
    case RunState::Nothing:
      return TickState::Succeeded;
    case RunState::Cancelled:
      return TickState::Cancelled;
    case RunState::Queued:
    case RunState::Running:
    case RunState::Failed:
    case RunState::Dead:
      return TickState::Failed;
  }
  return TickState::Failed;
}

}  // namespace

std::string_view to_string(TickState state) {
  switch (state) {
    case TickState::Due:
      return "due";
    case TickState::Held:
      return "held";
    case TickState::Running:
      return "running";
    case TickState::Succeeded:
      return "succeeded";
    case TickState::Failed:
      return "failed";
    case TickState::Cancelled:
      return "cancelled";
    case TickState::Skipped:
      return "skipped";
    case TickState::Missed:
      return "missed";
  }
  return "";
}

std::string to_string(const TickKey& key) { return fmt::format("{}@{}", key.schedule, to_iso8601(key.due_at)); }

TickKey parse_tick(std::string_view text) {
  const auto at = text.find('@');
  try {
    if (at != std::string_view::npos && at > 0) return {std::string(text.substr(0, at)), parse_instant(text.substr(at + 1))};
  } catch (const Error&) {
    // Said below, with the whole of it.
  }
  throw Error(ErrorKind::Usage, fmt::format("`{}` names no tick", text))
      .hint("wanted a schedule and the time it was due: `shops@2026-11-21T03:45:00.000Z`");
}

std::span<const Migration> Ticks::migrations() { return kMigrations; }

std::vector<Tick> Ticks::select(const std::string& rest, std::initializer_list<DbValue> values) const {
  std::vector<Tick> ticks;
  for (const DbRow& row : state_.query(fmt::format("select {} from tick {}", kColumns, rest), values))
    ticks.push_back(read(row));
  return ticks;
}

std::optional<Tick> Ticks::find(const TickKey& key) const {
  const auto ticks = select("where schedule = $1 and due_at = $2", {key.schedule, to_micros(key.due_at)});
  return ticks.empty() ? std::nullopt : std::optional(ticks[0]);
}

std::optional<Tick> Ticks::of_run(std::int64_t run) const {
  const auto ticks = select("where run = $1 and run > 0", {run});
  return ticks.empty() ? std::nullopt : std::optional(ticks[0]);
}

std::vector<Tick> Ticks::untold(int limit) const {
  return select(
      "where (told < 2 and (late_at is not null or ended_at is not null) and (told = 0 or ended_at is not null)) "
      "or (state = 'held' and told_held = 0) order by number limit $1",
      {std::int64_t{limit}});
}

bool Ticks::mark_told(const Tick& tick) {
  const std::int64_t told = tick.ended_at ? 2 : (tick.late_at ? 1 : 0), held = tick.state == TickState::Held ? 1 : 0;
  return state_.execute(
             "update tick set told = case when told < $2 then $2 else told end, "
             "told_held = case when told_held < $3 then $3 else told_held end "
             "where number = $1 and (told < $2 or told_held < $3)",
             {tick.number, told, held}) > 0;
}

std::vector<Tick> Ticks::open() const { return select("where ended_at is null order by due_at, number", {}); }

std::vector<Tick> Ticks::open(const std::string& schedule) const {
  return select("where schedule = $1 and ended_at is null order by due_at, number", {schedule});
}

std::vector<Tick> Ticks::newest(const std::string& schedule, int limit) const {
  if (schedule.empty()) return select("order by number desc limit $1", {std::int64_t{limit}});
  return select("where schedule = $1 order by number desc limit $2", {schedule, std::int64_t{limit}});
}

std::optional<Tick> Ticks::last_run(const std::string& schedule) const {
  const auto ticks = select(
      "where schedule = $1 and state in ('succeeded', 'failed', 'cancelled') order by number desc limit 1", {schedule});
  return ticks.empty() ? std::nullopt : std::optional(ticks[0]);
}

bool Ticks::insert(const Tick& tick) {
  return state_.execute(
             "insert into tick(number, schedule, due_at, state, by_hand, reason, run, starts, process, ended_at) "
             "select coalesce(max(number), 0) + 1, $1, cast($2 as bigint), $3, cast($4 as bigint), $5, 0, 0, 0, "
             "cast($6 as bigint) from tick where true "
             "on conflict(schedule, due_at) do nothing",
             {tick.key.schedule, to_micros(tick.key.due_at), std::string(to_string(tick.state)),
              std::int64_t{tick.by_hand ? 1 : 0}, tick.reason, value(tick.ended_at)}) > 0;
}

void Ticks::update(const Tick& tick) {
  state_.execute(
      "update tick set state = $3, reason = $4, starts = $5, process = $6, not_before = $7, started_at = $8, "
      "timed_out_at = $9, late_at = $10, place = $11 where schedule = $1 and due_at = $2 and ended_at is null",
      {tick.key.schedule, to_micros(tick.key.due_at), std::string(to_string(tick.state)), tick.reason,
       std::int64_t{tick.starts}, tick.process, value(tick.not_before), value(tick.started_at),
       value(tick.timed_out_at), value(tick.late_at), tick.place});
}

void Ticks::bind(const TickKey& key, std::int64_t run) {
  if (state_.execute("update tick set run = $3, state = 'running' where schedule = $1 and due_at = $2 and run = 0 and "
                     "ended_at is null",
                     {key.schedule, to_micros(key.due_at), run}) > 0)
    return;
  const auto tick = find(key);
  if (!tick)
    throw Error(ErrorKind::Usage, fmt::format("there is no tick `{}`", to_string(key)))
        .hint("`--tick` is for what `lochan serve` starts; by hand: lochan schedule trigger");
  throw Error(ErrorKind::Conflict,
              tick->run > 0 ? fmt::format("tick `{}` has its run already: {}", to_string(key), tick->run)
                            : fmt::format("tick `{}` has ended already: {}", to_string(key), to_string(tick->state)));
}

void Ticks::end(const TickKey& key, TickState state, const std::string& reason, Instant at) {
  state_.execute(
      "update tick set state = case when timed_out_at is null then $3 else 'failed' end, "
      "reason = case when timed_out_at is null then $4 else reason end, ended_at = $5 "
      "where schedule = $1 and due_at = $2 and ended_at is null",
      {key.schedule, to_micros(key.due_at), std::string(to_string(state)), reason, to_micros(at)});
}

void Ticks::end_without_run(const TickKey& key, Instant at) {
  state_.execute(
      "update tick set state = 'succeeded', reason = 'nothing to do', ended_at = $3 "
      "where schedule = $1 and due_at = $2 and ended_at is null and run = 0",
      {key.schedule, to_micros(key.due_at), to_micros(at)});
}

void Ticks::end(const TickKey& key, RunState state, const std::string& message, Instant at) {
  end(key, tick_state(state), state == RunState::Nothing && message.empty() ? "nothing to do" : message, at);
}

void Ticks::end_of_run(std::int64_t run, const std::string& message, Instant at) {
  for (const Tick& tick : select("where run = $1 and ended_at is null", {run})) end(tick.key, TickState::Failed, message, at);
}

// The newest of all stays, or its number, by which alerts know it, would be used again.
void Ticks::forget_ahead(const std::string& schedule, Instant now, bool only_missed) {
  state_.execute(fmt::format("delete from tick where schedule = $1 and due_at > $2 and ended_at is not null "
                             "and number < (select max(number) from tick){}",
                             only_missed ? " and state = 'missed'" : ""),
                 {schedule, to_micros(now)});
}

void Ticks::roll_over(const std::string& schedule, int keep) {
  const auto rows = state_.query("select number from tick where schedule = $1 order by number desc limit 1 offset $2",
                                 {schedule, std::int64_t{keep}});
  if (rows.empty()) return;
  state_.execute("delete from tick where schedule = $1 and number <= $2 and ended_at is not null",
                 {schedule, rows[0].integer(0)});
}

}  // namespace lochan
