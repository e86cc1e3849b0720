// Ranges of time, and the intervals that an incremental model by time is built in: hours, days, weeks from Monday on,
// months and years, all in UTC.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "project/project.h"

namespace lochan {

/// From `from` on, up to but without `until`.
struct TimeRange {
  Instant from;
  Instant until;
  bool is_empty() const { return from >= until; }
  bool operator==(const TimeRange&) const = default;
};

/// Where the interval begins that `instant` lies in.
Instant interval_begin(Instant instant, Interval interval);
/// Where the interval after it begins.
Instant next_interval(Instant instant, Interval interval);
/// The intervals that a range touches, whole.
TimeRange whole_intervals(TimeRange range, Interval interval);

/// `2024-01-03`, `2024-01-03 05:00`, `2024-01-03T05:00:00Z`; nothing for anything else.
std::optional<Instant> parse_time(std::string_view text);
/// The shortest of these: midnight is a date alone.
std::string show_time(Instant instant);
/// An interval as people name it: `2024`, `2024-01`, `2024-01-03`, `2024-01-03 05:00`; a week by its Monday.
std::string show_interval(Instant instant, Interval interval);
/// From the first interval to the last: `2024-01-03 … 2024-01-05`, or one alone.
std::string show_intervals(TimeRange range, Interval interval);

/// Ranges in order; those that touch are one.
class TimeRanges {
 public:
  TimeRanges() = default;
  explicit TimeRanges(std::span<const TimeRange> ranges);

  void add(TimeRange range);
  void remove(TimeRange range);
  void add(const TimeRanges& ranges);
  void remove(const TimeRanges& ranges);
  /// The parts of `within` that are in none of the ranges: the gaps.
  TimeRanges gaps(TimeRange within) const;
  bool covers(TimeRange range) const;

  bool is_empty() const { return ranges_.empty(); }
  const std::vector<TimeRange>& ranges() const { return ranges_; }
  bool operator==(const TimeRanges&) const = default;

 private:
  std::vector<TimeRange> ranges_;
};

/// `lochan.intervals` and back: `2024-01-01/2024-03-08, 2024-04-01/2024-04-02`, each range without its end.
std::string intervals_property(const TimeRanges& ranges);
/// A text that it didn't write is read as no ranges: all is then built again.
TimeRanges parse_intervals(std::string_view property);

/// The ranges for people; at most `most` of them, then how many more there are.
std::string show_ranges(const TimeRanges& ranges, Interval interval, std::size_t most = 3);

}  // namespace lochan
