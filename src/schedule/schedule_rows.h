// What a schedule has come to, as a row of the state: how far its times are ticks, and what people said at run time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/database.h"

namespace lochan {

struct ScheduleRow {
  std::string name;
  std::string calendar;           // as the file had it: a changed one begins anew
  Instant reached_at{};           // all times until then are ticks
  std::int64_t seen = 0;          // the publication at which its last tick began
  std::int64_t released = 0;      // ticks up to this number hold nothing
  std::optional<bool> is_paused{};  // nothing: as the file says
  std::int64_t makers = 0;          // what runs until this number have failed to make holds nothing
};

/// The table is made by Ticks::migrations().
class ScheduleRows {
 public:
  explicit ScheduleRows(Database& state) : state_(state) {}

  std::vector<ScheduleRow> all() const;
  /// Those of which people said something.
  std::vector<ScheduleRow> touched() const;
  std::optional<ScheduleRow> find(const std::string& name) const;
  /// A new one, or one whose calendar has changed: what people said of it stays.
  void put(const ScheduleRow& row);
  void set_reached(const std::string& name, Instant at);
  /// A tick of it begins: what was published, and what failed, until then is past.
  void begin(const std::string& name, std::int64_t publication, std::int64_t newest_run);

  /// False when there is no such row yet: no `lochan serve` has seen the schedule.
  bool pause(const std::string& name, bool is_paused);
  /// What it holds begins, as if a person had asked for it.
  bool release(const std::string& name);

 private:
  std::vector<ScheduleRow> select(const std::string& where, std::initializer_list<DbValue> values) const;

  Database& state_;
};

}  // namespace lochan
