#include "project/cron_fields.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lochan {
namespace {

CronFields fields(std::string_view text) { return std::get<CronFields>(read_cron(text)); }

std::vector<int> values(std::uint64_t bits) {
  std::vector<int> result;
  for (int i = 0; i < 64; ++i)
    if ((bits >> i & 1) != 0) result.push_back(i);
  return result;
}

std::string error(std::string_view text) {
  try {
    read_cron(text);
  } catch (const Error& caught) {
    return caught.message();
  }
  return "it was read";
}

using Ints = std::vector<int>;

TEST(CronFields, ReadsListsRangesStepsAndNames) {
  const CronFields read = fields("5,10-12,*/20 8-18/5 1,31 JAN-mar,12 mon-FRI");
  EXPECT_EQ(values(read.minutes), (Ints{0, 5, 10, 11, 12, 20, 40}));
  EXPECT_EQ(values(read.hours), (Ints{8, 13, 18}));
  EXPECT_EQ(values(read.days), (Ints{1, 31}));
  EXPECT_EQ(values(read.months), (Ints{1, 2, 3, 12}));
  EXPECT_EQ(values(read.weekdays), (Ints{1, 2, 3, 4, 5}));
  EXPECT_TRUE(read.either_day);
  EXPECT_FALSE(read.is_interval);
}

TEST(CronFields, ZeroAndSevenAreSunday) {
  EXPECT_EQ(values(fields("0 0 * * 0").weekdays), Ints{0});
  EXPECT_EQ(values(fields("0 0 * * 7").weekdays), Ints{0});
  EXPECT_EQ(values(fields("0 0 * * 5-7").weekdays), (Ints{0, 5, 6}));
  EXPECT_EQ(values(fields("0 0 * * FRI-SUN").weekdays), (Ints{0, 5, 6}));
  EXPECT_EQ(values(fields("0 0 * * *").weekdays), (Ints{0, 1, 2, 3, 4, 5, 6}));
}

TEST(CronFields, KnowsWhatComesAgainAndAgain) {
  EXPECT_TRUE(fields("*/5 * * * *").is_interval);
  EXPECT_TRUE(fields("30 */2 * * *").is_interval);
  EXPECT_FALSE(fields("30 2 * * *").is_interval);
  EXPECT_FALSE(fields("0 0 1 * *").either_day);
  EXPECT_FALSE(fields("0 0 */2 * MON").either_day);
}

TEST(CronFields, ReadsWords) {
  EXPECT_EQ(std::get<std::chrono::seconds>(read_cron("@every 1h30m")), std::chrono::minutes{90});
  EXPECT_EQ(values(fields("@weekly").weekdays), Ints{0});
  EXPECT_EQ(values(fields(" @yearly ").months), Ints{1});
  EXPECT_TRUE(fields("@hourly").is_interval);
}

TEST(CronFields, SaysWhatIsWrongAndWhere) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"* * * *", "`* * * *` has 4 fields, wanted five"},
      {"", "`` has 0 fields, wanted five"},
      {"60 * * * *", "the minute `60` is past 59"},
      {"* 25 * * *", "the hour `25` is past 23"},
      {"* * 0 * *", "the day of the month `0` is below 1"},
      {"* * * foo *", "the month `foo` is none"},
      {"* * * * 8", "the day of the week `8` is past 7"},
      {"*/0 * * * *", "the minute `*/0` has the step `0`"},
      {"*/90 * * * *", "the minute `*/90` has the step 90, which is past 59"},
      {"5/10 * * * *", "the minute `5/10` has a step without a range"},
      {"20-10 * * * *", "the minute `20-10` ends before it begins"},
      {"1,,2 * * * *", "the minute `1,,2` has nothing between its commas"},
      {"* * L * *", "the day of the month `L` is none"},
      {"0 0 30 2 *", "`0 0 30 2 *` never comes: no such month has that day"},
      {"0 0 31 4,6 *", "`0 0 31 4,6 *` never comes: no such month has that day"},
      {"@dayly", "`@dayly` is no word of cron"},
      {"@every 0s", "`@every 0s` says no whole seconds"},
      {"@every", "`@every` says no whole seconds"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(error(text), message);
  EXPECT_EQ(error("0 0 30 2 MON"), "it was read");
  EXPECT_EQ(error("0 0 29 2 *"), "it was read");
}

}  // namespace
}  // namespace lochan
