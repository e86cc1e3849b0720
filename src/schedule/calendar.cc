#include "schedule/calendar.h"

#include <algorithm>

#include "base/error.h"
#include "schedule/cron.h"

namespace lochan {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

Instant floor_to(seconds every, Instant at) {
  const seconds whole = std::chrono::floor<seconds>(at.time_since_epoch());
  const auto left = ((whole.count() % every.count()) + every.count()) % every.count();
  return Instant{whole - seconds{left}};
}

}  // namespace

std::optional<Calendar> Calendar::of(const ScheduleConfig& schedule) {
  if (schedule.every) return Calendar(*schedule.every);
  if (!schedule.cron) return std::nullopt;
  const auto zone = TimeZone::find(*schedule.timezone);
  const auto rule = read_cron(**schedule.cron);
  if (const auto* every = std::get_if<seconds>(&rule)) return Calendar(*every);
  if (!zone)
    throw Error(ErrorKind::Project, "no time zone `" + *schedule.timezone + "`").at(schedule.timezone.position);
  return Calendar(std::get<CronFields>(rule), *zone);
}

std::optional<Instant> Calendar::next(Instant after) const {
  if (const auto* every = std::get_if<seconds>(&rule_)) return floor_to(*every, after) + *every;
  const CronFields& fields = std::get<CronFields>(rule_);
  return fields.is_interval ? next_interval(fields, after) : next_fixed(fields, after);
}

std::optional<Instant> Calendar::previous(Instant until) const {
  if (const auto* every = std::get_if<seconds>(&rule_)) return floor_to(*every, until);
  const CronFields& fields = std::get<CronFields>(rule_);
  return fields.is_interval ? previous_interval(fields, until) : previous_fixed(fields, until);
}

// Each time on the clock once: where clocks show it twice, the first; where they skip it, as they jump. So several may be
// one moment, and those that a second pass of the hands shows are over.
std::optional<Instant> Calendar::next_fixed(const CronFields& fields, Instant after) const {
  for (LocalTime from = zone_.local(after);;) {
    const auto minute = next_minute(fields, from);
    if (!minute) return std::nullopt;
    if (const Instant at = zone_.instant(*minute); at > after) return at;
    from = *minute + seconds{1};
  }
}

std::optional<Instant> Calendar::previous_fixed(const CronFields& fields, Instant until) const {
  LocalTime from = zone_.local(until);
  // In the second pass of an hour all of the first is over.
  if (const auto jump = zone_.last_jump(until)) from = std::max(from, jump->from - seconds{1});
  const auto minute = previous_minute(fields, from);
  if (!minute) return std::nullopt;
  return zone_.instant(*minute);
}

// By what the clocks show, minute for minute as time goes on.
std::optional<Instant> Calendar::next_interval(const CronFields& fields, Instant after) const {
  Instant from = std::chrono::floor<seconds>(after) + seconds{1};
  for (int jumps = 0; jumps < 1000; ++jumps) {
    const LocalTime local = zone_.local(from);
    const auto minute = next_minute(fields, local);
    if (!minute) return std::nullopt;
    const Instant at = from + (*minute - local);
    const auto jump = zone_.next_jump(from);
    if (!jump || at < jump->at) return at;
    from = jump->at;
  }
  return std::nullopt;
}

std::optional<Instant> Calendar::previous_interval(const CronFields& fields, Instant until) const {
  Instant from = std::chrono::floor<seconds>(until);
  for (int jumps = 0; jumps < 1000; ++jumps) {
    const LocalTime local = zone_.local(from);
    const auto minute = previous_minute(fields, local);
    if (!minute) return std::nullopt;
    const Instant at = from - (local - *minute);
    const auto jump = zone_.last_jump(from);
    if (!jump || at >= jump->at) return at;
    from = jump->at - seconds{1};
  }
  return std::nullopt;
}

}  // namespace lochan
