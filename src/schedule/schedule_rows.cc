#include "schedule/schedule_rows.h"

namespace lochan {

std::vector<ScheduleRow> ScheduleRows::select(const std::string& where, std::initializer_list<DbValue> values) const {
  std::vector<ScheduleRow> rows;
  for (const DbRow& row : state_.query(
           "select name, calendar, reached_at, seen, released, is_paused, makers from schedule " + where, values)) {
    rows.push_back({row.text(0), row.text(1), instant_from_micros(row.integer(2)), row.integer(3), row.integer(4),
                    row.is_null(5) ? std::nullopt : std::optional(row.integer(5) != 0), row.integer(6)});
  }
  return rows;
}

std::vector<ScheduleRow> ScheduleRows::all() const { return select("", {}); }

std::vector<ScheduleRow> ScheduleRows::touched() const {
  return select("where is_paused is not null or released > 0", {});
}

std::optional<ScheduleRow> ScheduleRows::find(const std::string& name) const {
  const auto rows = select("where name = $1", {name});
  return rows.empty() ? std::nullopt : std::optional(rows[0]);
}

void ScheduleRows::put(const ScheduleRow& row) {
  state_.execute(
      "insert into schedule(name, calendar, reached_at, seen, released, is_paused, makers) "
      "values ($1, $2, $3, $4, 0, null, $5) "
      "on conflict(name) do update set calendar = $2, reached_at = $3, seen = $4, makers = $5",
      {row.name, row.calendar, to_micros(row.reached_at), row.seen, row.makers});
}

void ScheduleRows::set_reached(const std::string& name, Instant at) {
  state_.execute("update schedule set reached_at = $2 where name = $1", {name, to_micros(at)});
}

void ScheduleRows::begin(const std::string& name, std::int64_t publication, std::int64_t newest_run) {
  state_.execute("update schedule set seen = $2, makers = $3 where name = $1", {name, publication, newest_run});
}

bool ScheduleRows::pause(const std::string& name, bool is_paused) {
  return state_.execute("update schedule set is_paused = $2 where name = $1", {name, std::int64_t{is_paused ? 1 : 0}}) > 0;
}

bool ScheduleRows::release(const std::string& name) {
  state_.execute(
      "update tick set state = 'due', by_hand = 1, reason = '' where schedule = $1 and state = 'held' and ended_at is null",
      {name});
  return state_.execute(
             "update schedule set released = (select coalesce(max(number), 0) from tick where schedule = $1 and "
             "ended_at is not null) where name = $1",
             {name}) > 0;
}

}  // namespace lochan
