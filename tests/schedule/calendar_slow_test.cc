// Calendars against an oracle that knows nothing of them: each minute of simulated years, and what the clocks of the
// zone show then.
#include <gtest/gtest.h>

#include "base/clock.h"
#include "schedule/calendar.h"

namespace lochan {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::year_month_day;

CronFields fields(std::string_view text) { return std::get<CronFields>(read_cron(text)); }

// What cron's fields say of one minute that clocks show.
bool names(const CronFields& fields, LocalTime minute) {
  const auto day = std::chrono::floor<std::chrono::days>(minute);
  const std::chrono::hh_mm_ss time(minute - day);
  const year_month_day date(day);
  const auto has = [](std::uint64_t bits, long value) { return (bits >> value & 1) != 0; };
  const bool by_day = has(fields.days, static_cast<long>(static_cast<unsigned>(date.day())));
  const bool by_weekday = has(fields.weekdays, static_cast<long>(std::chrono::weekday(day).c_encoding()));
  return has(fields.minutes, time.minutes().count()) && has(fields.hours, time.hours().count()) &&
         has(fields.months, static_cast<long>(static_cast<unsigned>(date.month()))) &&
         (fields.either_day ? by_day || by_weekday : by_day && by_weekday);
}

// Walks time minute by minute. Intervals: what the clocks show. Fixed times: what they show for the first time, and at a
// jump all that they skipped.
std::vector<Instant> walk(const CronFields& fields, const TimeZone& zone, Instant from, Instant until) {
  std::vector<Instant> result;
  LocalTime shown_until = zone.local(from - minutes{1});
  if (!fields.is_interval)  // not in the middle of a repeated hour
    for (Instant at = from - hours{48}; at < from; at += minutes{1}) shown_until = std::max(shown_until, zone.local(at));
  for (Instant at = from; at < until; at += minutes{1}) {
    const LocalTime now = zone.local(at);
    bool is_due = false;
    if (fields.is_interval) {
      is_due = names(fields, now);
    } else {
      for (LocalTime minute = shown_until + minutes{1}; minute <= now; minute += minutes{1})
        is_due = is_due || names(fields, minute);
      shown_until = std::max(shown_until, now);
    }
    if (is_due) result.push_back(at);
  }
  return result;
}

struct ZoneCase {
  const char* zone;
  const char* from;  // 400 days from here
};

void PrintTo(const ZoneCase& each, std::ostream* out) { *out << (*each.zone == 0 ? "UTC" : each.zone); }

class CalendarOfZone : public testing::TestWithParam<ZoneCase> {};

TEST_P(CalendarOfZone, IsWhatWalkingThroughItFinds) {
  const TimeZone place = TimeZone::find(GetParam().zone).value();
  const Instant from = parse_instant(GetParam().from);
  const Instant until = from + hours{24} * 400;
  for (const char* text : {"30 2 * * *", "0 0 * * *", "*/15 * * * *", "45 1,2,23 * * *", "5 */3 1,15 * MON", "0 0 29 2 *",
                           "*/7 2 * * SUN", "59 23 31 * *", "0 12 * 3,10 6-7", "0-59/20 0-3 * * *"}) {
    const Calendar calendar(fields(text), place);
    const std::vector<Instant> expected = walk(fields(text), place, from, until);
    std::vector<Instant> forwards;
    for (Instant at = *calendar.next(from - seconds{1}); at < until; at = *calendar.next(at)) forwards.push_back(at);
    EXPECT_EQ(forwards, expected) << text << " in " << GetParam().zone;
    std::vector<Instant> backwards;
    for (Instant at = *calendar.previous(until - seconds{1}); at >= from; at = *calendar.previous(at - seconds{1}))
      backwards.insert(backwards.begin(), at);
    EXPECT_EQ(backwards, expected) << text << " in " << GetParam().zone << ", backwards";
  }
}

INSTANTIATE_TEST_SUITE_P(Zones, CalendarOfZone,
                         testing::Values(ZoneCase{"", "2027-12-01T00:00:00Z"},  // with a leap day
                                         ZoneCase{"Europe/Warsaw", "2026-01-01T00:00:00Z"},
                                         ZoneCase{"America/New_York", "2024-02-01T00:00:00Z"},
                                         ZoneCase{"America/Santiago", "2025-06-01T00:00:00Z"},
                                         ZoneCase{"Australia/Sydney", "2026-01-01T00:00:00Z"},
                                         ZoneCase{"Australia/Lord_Howe", "2026-01-01T00:00:00Z"},
                                         ZoneCase{"Asia/Kolkata", "2026-01-01T00:00:00Z"},
                                         ZoneCase{"Asia/Kathmandu", "2026-01-01T00:00:00Z"},
                                         ZoneCase{"Pacific/Apia", "2011-09-01T00:00:00Z"},  // which skipped a whole day
                                         ZoneCase{"Africa/Casablanca", "2026-01-01T00:00:00Z"}));

}  // namespace
}  // namespace lochan
