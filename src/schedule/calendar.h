// When a schedule is due: by a line of cron in a time zone, or every so often. Where clocks jump it does as cron does;
// see docs/schedules.md.
#pragma once

#include <chrono>
#include <optional>
#include <variant>

#include "base/clock.h"
#include "base/time_zone.h"
#include "project/cron_fields.h"
#include "project/project.h"

namespace lochan {

/// A value; may be shared between threads.
class Calendar {
 public:
  Calendar(CronFields fields, TimeZone zone) : zone_(zone), rule_(fields) {}
  /// Counted from 1970-01-01 in UTC.
  explicit Calendar(std::chrono::seconds every) : zone_(*TimeZone::find("")), rule_(every) {}
  /// Nothing for a schedule that waits for tables. Its project must be sound.
  static std::optional<Calendar> of(const ScheduleConfig& schedule);

  /// The first time after `after`.
  std::optional<Instant> next(Instant after) const;
  /// The last time until `until`, itself included.
  std::optional<Instant> previous(Instant until) const;

 private:
  std::optional<Instant> next_fixed(const CronFields& fields, Instant after) const;
  std::optional<Instant> next_interval(const CronFields& fields, Instant after) const;
  std::optional<Instant> previous_fixed(const CronFields& fields, Instant until) const;
  std::optional<Instant> previous_interval(const CronFields& fields, Instant until) const;

  TimeZone zone_;
  std::variant<CronFields, std::chrono::seconds> rule_;
};

}  // namespace lochan
