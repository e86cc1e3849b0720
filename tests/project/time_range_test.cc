#include "project/time_range.h"

#include <gtest/gtest.h>

namespace lochan {
namespace {

Instant at(std::string_view text) { return parse_time(text).value(); }
TimeRange range(std::string_view from, std::string_view until) { return {at(from), at(until)}; }

TEST(TimeRange, TimesAreReadAndShown) {
  for (const std::string text : {"2024-01-03", "0001-01-01", "2024-02-29", "2024-01-03 05:00", "2024-01-03 05:06:07", "10000-01-01"})
    EXPECT_EQ(show_time(at(text)), text);
  EXPECT_EQ(show_time(at("2024-01-03T05:00:00Z")), "2024-01-03 05:00");
  EXPECT_EQ(show_time(at("2024-01-03 00:00+00")), "2024-01-03");
  for (const std::string text : {"", "2024", "2024-01", "2024-02-30", "2024-13-01", "2024-01-01 25:00", "2024-01-01 05", "2024-01-01 05:00+02",
                                 "2024-01-01x", "today", "24-01-01"})
    EXPECT_FALSE(parse_time(text)) << text;
}

TEST(TimeRange, AnIntervalHasABeginAndANext) {
  const struct {
    Interval interval;
    std::string in, begin, next, shown;
  } cases[] = {
      {Interval::Hour, "2024-02-29 05:30", "2024-02-29 05:00", "2024-02-29 06:00", "2024-02-29 05:00"},
      {Interval::Day, "2024-02-29 05:30", "2024-02-29", "2024-03-01", "2024-02-29"},
      {Interval::Week, "2024-03-03 23:59:59", "2024-02-26", "2024-03-04", "2024-02-26"},
      {Interval::Week, "2024-03-04", "2024-03-04", "2024-03-11", "2024-03-04"},
      {Interval::Month, "2024-12-31", "2024-12-01", "2025-01-01", "2024-12"},
      {Interval::Year, "2024-12-31", "2024-01-01", "2025-01-01", "2024"},
      {Interval::Day, "1969-12-31 23:59:59", "1969-12-31", "1970-01-01", "1969-12-31"},
  };
  for (const auto& known : cases) {
    EXPECT_EQ(show_time(interval_begin(at(known.in), known.interval)), known.begin);
    EXPECT_EQ(show_time(next_interval(at(known.in), known.interval)), known.next);
    EXPECT_EQ(show_interval(at(known.in), known.interval), known.shown);
  }
}

TEST(TimeRange, RangesThatTouchAreOne) {
  TimeRanges ranges;
  ranges.add(range("2024-01-05", "2024-01-06"));
  ranges.add(range("2024-01-01", "2024-01-03"));
  ranges.add(range("2024-01-08", "2024-01-08"));
  EXPECT_EQ(intervals_property(ranges), "2024-01-01/2024-01-03, 2024-01-05/2024-01-06");
  ranges.add(range("2024-01-03", "2024-01-04"));
  EXPECT_EQ(intervals_property(ranges), "2024-01-01/2024-01-04, 2024-01-05/2024-01-06");
  ranges.add(range("2024-01-02", "2024-01-09"));
  EXPECT_EQ(intervals_property(ranges), "2024-01-01/2024-01-09");
  ranges.remove(range("2024-01-03", "2024-01-04 05:00"));
  EXPECT_EQ(intervals_property(ranges), "2024-01-01/2024-01-03, 2024-01-04 05:00/2024-01-09");
}

TEST(TimeRange, GapsAreSeen) {
  const TimeRanges ranges = parse_intervals("2024-01-01/2024-01-03, 2024-01-05/2024-01-06");
  EXPECT_EQ(intervals_property(ranges.gaps(range("2023-12-31", "2024-01-08"))),
            "2023-12-31/2024-01-01, 2024-01-03/2024-01-05, 2024-01-06/2024-01-08");
  EXPECT_EQ(show_ranges(ranges.gaps(range("2023-12-31", "2024-01-08")), Interval::Day, 2), "2023-12-31, 2024-01-03 … 2024-01-04 and 1 more");
  EXPECT_TRUE(ranges.covers(range("2024-01-01", "2024-01-03")));
  EXPECT_FALSE(ranges.covers(range("2024-01-01", "2024-01-04")));
  EXPECT_TRUE(parse_intervals("").is_empty());
  EXPECT_TRUE(parse_intervals("2024-01-01").is_empty());
  EXPECT_TRUE(parse_intervals("2024-01-01/2024-01-02, x/y").is_empty());
}

TEST(TimeRange, APropertyComesBackAsItWas) {
  for (const std::string text : {"2024-01-01/2024-01-03", "2024-01-01 05:00/2024-01-01 07:00, 2024-01-02/2024-01-03"})
    EXPECT_EQ(intervals_property(parse_intervals(text)), text);
}

TEST(TimeRange, IntervalsThatARangeTouchesAreWhole) {
  EXPECT_EQ(whole_intervals(range("2024-01-15", "2024-03-01"), Interval::Month), range("2024-01-01", "2024-03-01"));
  EXPECT_EQ(whole_intervals(range("2024-01-15", "2024-03-01 00:01"), Interval::Month), range("2024-01-01", "2024-04-01"));
}

}  // namespace
}  // namespace lochan
