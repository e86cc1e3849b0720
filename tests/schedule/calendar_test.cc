#include "schedule/calendar.h"

#include <gtest/gtest.h>

#include <random>

#include "base/clock.h"
#include "base/error.h"

namespace lochan {
namespace {

using std::chrono::seconds;

CronFields fields(std::string_view text) { return std::get<CronFields>(read_cron(text)); }
TimeZone zone(std::string_view name) {
  const auto found = TimeZone::find(name);
  if (!found) throw Error(ErrorKind::NotFound, std::string("no time zone ") + std::string(name));
  return *found;
}

/// The times of a calendar, as its zone shows them.
std::vector<std::string> times(const Calendar& calendar, const TimeZone& shown, std::string_view from, int count) {
  std::vector<std::string> result;
  Instant at = parse_instant(from);
  for (int i = 0; i < count; ++i) {
    at = *calendar.next(at);
    result.push_back(shown.show(at));
  }
  return result;
}

using Texts = std::vector<std::string>;

TEST(Calendar, FixedTimeThatTheClocksSkipFiresAsTheyJump) {
  const TimeZone warsaw = zone("Europe/Warsaw");
  EXPECT_EQ(times(Calendar(fields("30 2 * * *"), warsaw), warsaw, "2026-03-27T12:00:00Z", 3),
            (Texts{"2026-03-28 02:30:00 CET", "2026-03-29 03:00:00 CEST", "2026-03-30 02:30:00 CEST"}));
  // All that was skipped is one time.
  EXPECT_EQ(times(Calendar(fields("0,15,30,45 2,3 * * *"), warsaw), warsaw, "2026-03-28T12:00:00Z", 4),
            (Texts{"2026-03-29 03:00:00 CEST", "2026-03-29 03:15:00 CEST", "2026-03-29 03:30:00 CEST",
                   "2026-03-29 03:45:00 CEST"}));
}

TEST(Calendar, FixedTimeThatTheClocksShowTwiceFiresOnce) {
  const TimeZone warsaw = zone("Europe/Warsaw");
  EXPECT_EQ(times(Calendar(fields("30 2 * * *"), warsaw), warsaw, "2026-10-24T12:00:00Z", 2),
            (Texts{"2026-10-25 02:30:00 CEST", "2026-10-26 02:30:00 CET"}));
  const Calendar calendar(fields("30 2 * * *"), warsaw);
  // In the second pass of that hour it is over.
  EXPECT_EQ(warsaw.show(*calendar.next(parse_instant("2026-10-25T01:10:00Z"))), "2026-10-26 02:30:00 CET");
  EXPECT_EQ(warsaw.show(*calendar.previous(parse_instant("2026-10-25T01:10:00Z"))), "2026-10-25 02:30:00 CEST");
}

TEST(Calendar, IntervalGoesOnInRealTime) {
  const TimeZone warsaw = zone("Europe/Warsaw");
  EXPECT_EQ(times(Calendar(fields("*/30 * * * *"), warsaw), warsaw, "2026-03-29T00:15:00Z", 4),
            (Texts{"2026-03-29 01:30:00 CET", "2026-03-29 03:00:00 CEST", "2026-03-29 03:30:00 CEST",
                   "2026-03-29 04:00:00 CEST"}));
  EXPECT_EQ(times(Calendar(fields("*/30 * * * *"), warsaw), warsaw, "2026-10-24T23:45:00Z", 5),
            (Texts{"2026-10-25 02:00:00 CEST", "2026-10-25 02:30:00 CEST", "2026-10-25 02:00:00 CET",
                   "2026-10-25 02:30:00 CET", "2026-10-25 03:00:00 CET"}));
}

TEST(Calendar, LeapDaysAndWeekdays) {
  const TimeZone utc = zone("");
  EXPECT_EQ(times(Calendar(fields("0 0 29 2 *"), utc), utc, "2095-01-01T00:00:00Z", 2),
            (Texts{"2096-02-29 00:00:00 UTC", "2104-02-29 00:00:00 UTC"}));
  // A day of the month or one of the week; with a star in one of them, both.
  EXPECT_EQ(times(Calendar(fields("0 9 13 * FRI"), utc), utc, "2026-11-09T00:00:00Z", 3),
            (Texts{"2026-11-13 09:00:00 UTC", "2026-11-20 09:00:00 UTC", "2026-11-27 09:00:00 UTC"}));
  EXPECT_EQ(times(Calendar(fields("0 9 13 * FRI"), utc), utc, "2026-12-11T10:00:00Z", 2),
            (Texts{"2026-12-13 09:00:00 UTC", "2026-12-18 09:00:00 UTC"}));
}

TEST(Calendar, EveryIsCountedFrom1970) {
  const TimeZone utc = zone("");
  EXPECT_EQ(times(Calendar(seconds{90}), utc, "2026-11-21T00:00:00Z", 2),
            (Texts{"2026-11-21 00:01:30 UTC", "2026-11-21 00:03:00 UTC"}));
  EXPECT_EQ(*Calendar(seconds{90}).previous(parse_instant("2026-11-21T00:01:30Z")), parse_instant("2026-11-21T00:01:30Z"));
}

// Any instant, also in the middle of a minute or of a repeated hour.
TEST(Calendar, NextAndPreviousAgreeFromAnyInstant) {
  std::mt19937_64 random(7);
  const Instant from = parse_instant("2026-01-01T00:00:00Z");
  for (const char* name : {"Europe/Warsaw", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca"}) {
    const TimeZone place = zone(name);
    for (const char* text : {"30 2 * * *", "*/15 * * * *", "0 */6 * * *", "15 1,2 * * SUN"}) {
      const Calendar calendar(fields(text), place);
      for (int i = 0; i < 2000; ++i) {
        const Instant at = from + std::chrono::microseconds{static_cast<std::int64_t>(random() % (86'400'000'000ULL * 800))};
        const Instant next = *calendar.next(at);
        const Instant previous = *calendar.previous(at);
        EXPECT_LE(previous, at);
        EXPECT_GT(next, at);
        EXPECT_EQ(*calendar.next(previous), next) << text << " in " << name << " at " << to_string(at);
        EXPECT_EQ(*calendar.previous(next), next) << text << " in " << name << " at " << to_string(at);
      }
    }
  }
}

TEST(TimeZone, IsFoundByNameOnly) {
  EXPECT_TRUE(TimeZone::find("UTC"));
  EXPECT_TRUE(TimeZone::find("America/Argentina/Buenos_Aires"));
  for (const char* name : {"Europe/Warsow", "../etc/passwd", "/etc/localtime", "localtime", "file:x", "Europe/"})
    EXPECT_FALSE(TimeZone::find(name)) << name;
}

}  // namespace
}  // namespace lochan
