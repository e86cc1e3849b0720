#include "schedule/cron.h"

#include <bit>

namespace lochan {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::minutes;
using std::chrono::month;
using std::chrono::months;
using std::chrono::year_month_day;
using std::chrono::year_month_day_last;

constexpr std::chrono::years kHorizon{100};

bool has(std::uint64_t bits, unsigned value) { return (bits >> value & 1) != 0; }

// The lowest value at or above `from`, the highest at or below it; -1: none.
int lowest(std::uint64_t bits, int from) {
  const std::uint64_t rest = from > 63 ? 0 : bits >> from << from;
  return rest == 0 ? -1 : std::countr_zero(rest);
}
int highest(std::uint64_t bits, int until) {
  if (until < 0) return -1;
  const std::uint64_t rest = bits & (~std::uint64_t{0} >> (63 - until));
  return rest == 0 ? -1 : 63 - std::countl_zero(rest);
}

bool is_due(const CronFields& fields, local_days day) {
  const bool by_day = has(fields.days, static_cast<unsigned>(year_month_day(day).day()));
  const bool by_weekday = has(fields.weekdays, std::chrono::weekday(day).c_encoding());
  return fields.either_day ? by_day || by_weekday : by_day && by_weekday;
}

// Minutes since midnight.
std::optional<minutes> next_in_day(const CronFields& fields, minutes from) {
  const int hour = static_cast<int>(from / hours{1});
  const int same = lowest(fields.minutes, static_cast<int>(from.count() % 60));
  if (hour < 24 && has(fields.hours, static_cast<unsigned>(hour)) && same >= 0) return hours{hour} + minutes{same};
  const int later = lowest(fields.hours, hour + 1);
  if (later < 0) return std::nullopt;
  return hours{later} + minutes{lowest(fields.minutes, 0)};
}

std::optional<minutes> previous_in_day(const CronFields& fields, minutes until) {
  const int hour = static_cast<int>(until / hours{1});
  const int same = highest(fields.minutes, static_cast<int>(until.count() % 60));
  if (has(fields.hours, static_cast<unsigned>(hour)) && same >= 0) return hours{hour} + minutes{same};
  const int earlier = highest(fields.hours, hour - 1);
  if (earlier < 0) return std::nullopt;
  return hours{earlier} + minutes{highest(fields.minutes, 59)};
}

}  // namespace

std::optional<LocalTime> next_minute(const CronFields& fields, LocalTime from) {
  local_days day = floor<days>(from);
  minutes at = std::chrono::ceil<minutes>(from - day);
  const local_days end = local_days{year_month_day(day) + kHorizon + months{1}};
  while (day < end) {
    const year_month_day date(day);
    if (!has(fields.months, static_cast<unsigned>(date.month()))) {
      day = local_days{date.year() / date.month() / 1 + months{1}};
      at = minutes{0};
      continue;
    }
    if (is_due(fields, day))
      if (const auto found = next_in_day(fields, at)) return day + *found;
    day += days{1};
    at = minutes{0};
  }
  return std::nullopt;
}

std::optional<LocalTime> previous_minute(const CronFields& fields, LocalTime until) {
  constexpr minutes kLast = hours{24} - minutes{1};
  local_days day = floor<days>(until);
  minutes at = floor<minutes>(until - day);
  const local_days end = local_days{year_month_day(day) - kHorizon - months{1}};
  while (day > end) {
    const year_month_day date(day);
    if (!has(fields.months, static_cast<unsigned>(date.month()))) {
      day = local_days{date.year() / date.month() / 1} - days{1};
      at = kLast;
      continue;
    }
    if (is_due(fields, day))
      if (const auto found = previous_in_day(fields, at)) return day + *found;
    day -= days{1};
    at = kLast;
  }
  return std::nullopt;
}

}  // namespace lochan
