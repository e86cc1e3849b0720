#include "project/time_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace lochan {
namespace {

using std::chrono::days;
using std::chrono::hours;

std::chrono::year_month_day date_of(Instant instant) {
  return std::chrono::year_month_day{std::chrono::floor<days>(instant)};
}

Instant month_begin(std::chrono::year_month month) { return std::chrono::sys_days{month / std::chrono::day{1}}; }

// A number of at least `least` digits at the front, which is taken off.
std::optional<int> take_number(std::string_view& text, std::size_t least, std::size_t most) {
  std::size_t size = 0;
  while (size < text.size() && size < most && text[size] >= '0' && text[size] <= '9') ++size;
  int value = 0;
  if (size < least) return std::nullopt;
  std::from_chars(text.data(), text.data() + size, value);
  text.remove_prefix(size);
  return value;
}

bool take(std::string_view& text, std::string_view what) {
  if (!text.starts_with(what)) return false;
  text.remove_prefix(what.size());
  return true;
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  const auto year = take_number(text, 4, 6);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_number(text, 2, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_number(text, 2, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date};
}

std::optional<std::chrono::seconds> take_time_of_day(std::string_view& text) {
  const auto hour = take_number(text, 2, 2);
  if (!hour || *hour > 23 || !take(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2, 2);
  if (!minute || *minute > 59) return std::nullopt;
  int second = 0;
  if (take(text, ":")) {
    const auto found = take_number(text, 2, 2);
    if (!found || *found > 59) return std::nullopt;
    second = *found;
  }
  return hours{*hour} + std::chrono::minutes{*minute} + std::chrono::seconds{second};
}

}  // namespace

Instant interval_begin(Instant instant, Interval interval) {
  const auto date = date_of(instant);
  switch (interval) {
    case Interval::Hour:
      return std::chrono::floor<hours>(instant);
    case Interval::Day:
      return std::chrono::floor<days>(instant);
    case Interval::Week: {
      const auto day = std::chrono::floor<days>(instant);
      return day - (std::chrono::weekday{day} - std::chrono::Monday);
    }
    case Interval::Month:
      return month_begin(date.year() / date.month());
    case Interval::Year:
      return month_begin(date.year() / std::chrono::January);
  }
  return instant;
}

Instant next_interval(Instant instant, Interval interval) {
  const Instant begin = interval_begin(instant, interval);
  const auto month = date_of(begin).year() / date_of(begin).month();
  switch (interval) {
    case Interval::Hour:
      return begin + hours{1};
    case Interval::Day:
      return begin + days{1};
    case Interval::Week:
      return begin + days{7};
    case Interval::Month:
      return month_begin(month + std::chrono::months{1});
    case Interval::Year:
      return month_begin(month + std::chrono::months{12});
  }
  return begin;
}

TimeRange whole_intervals(TimeRange range, Interval interval) {
  const Instant last = range.until - std::chrono::microseconds{1};
  return {interval_begin(range.from, interval), next_interval(std::max(last, range.from), interval)};
}

std::optional<Instant> parse_time(std::string_view text) {
  text = text::trim(text);
  const auto date = take_date(text);
  if (!date) return std::nullopt;
  if (text.empty()) return Instant{*date};
  if (!take(text, " ") && !take(text, "T")) return std::nullopt;
  const auto time = take_time_of_day(text);
  if (!time) return std::nullopt;
  for (const std::string_view zone : {"Z", "+00:00", "+00"})
    if (take(text, zone)) break;
  if (!text.empty()) return std::nullopt;
  return Instant{*date} + *time;
}

std::string show_time(Instant instant) {
  const auto date = date_of(instant);
  const std::string day = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                                      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  const auto time = std::chrono::floor<std::chrono::seconds>(instant - std::chrono::floor<days>(instant));
  const std::chrono::hh_mm_ss parts{time};
  if (time.count() == 0) return day;
  if (parts.seconds().count() == 0)
    return fmt::format("{} {:02}:{:02}", day, parts.hours().count(), parts.minutes().count());
  return fmt::format("{} {:02}:{:02}:{:02}", day, parts.hours().count(), parts.minutes().count(),
                     parts.seconds().count());
}

std::string show_interval(Instant instant, Interval interval) {
  const auto date = date_of(instant);
  const int year = static_cast<int>(date.year());
  switch (interval) {
    case Interval::Hour:
      return fmt::format("{} {:02}:00", show_time(std::chrono::floor<days>(instant)),
                         std::chrono::floor<hours>(instant - std::chrono::floor<days>(instant)).count());
    case Interval::Day:
    case Interval::Week:
      return show_time(interval_begin(instant, interval));
    case Interval::Month:
      return fmt::format("{:04}-{:02}", year, static_cast<unsigned>(date.month()));
    case Interval::Year:
      return fmt::format("{:04}", year);
  }
  return {};
}

std::string show_intervals(TimeRange range, Interval interval) {
  const std::string first = show_interval(range.from, interval);
  const std::string last = show_interval(range.until - std::chrono::microseconds{1}, interval);
  return first == last ? first : fmt::format("{} … {}", first, last);
}

TimeRanges::TimeRanges(std::span<const TimeRange> ranges) {
  for (const TimeRange& range : ranges) add(range);
}

void TimeRanges::add(TimeRange range) {
  if (range.is_empty()) return;
  if (ranges_.empty() || ranges_.back().until < range.from) return ranges_.push_back(range);
  if (ranges_.back().from <= range.from) {
    ranges_.back().until = std::max(ranges_.back().until, range.until);
    return;
  }
  std::vector<TimeRange> joined;
  for (const TimeRange& other : ranges_) {
    if (other.until < range.from || range.until < other.from) {
      joined.push_back(other);
    } else {
      range = {std::min(range.from, other.from), std::max(range.until, other.until)};
    }
  }
  joined.push_back(range);
  std::ranges::sort(joined, {}, &TimeRange::from);
  ranges_ = std::move(joined);
}

void TimeRanges::remove(TimeRange range) {
  if (range.is_empty()) return;
  std::vector<TimeRange> left;
  for (const TimeRange& other : ranges_) {
    const TimeRange before{other.from, std::min(other.until, range.from)};
    const TimeRange after{std::max(other.from, range.until), other.until};
    if (!before.is_empty()) left.push_back(before);
    if (!after.is_empty()) left.push_back(after);
  }
  ranges_ = std::move(left);
}

void TimeRanges::add(const TimeRanges& ranges) {
  for (const TimeRange& range : ranges.ranges()) add(range);
}

void TimeRanges::remove(const TimeRanges& ranges) {
  for (const TimeRange& range : ranges.ranges()) remove(range);
}

TimeRanges TimeRanges::gaps(TimeRange within) const {
  TimeRanges gaps;
  gaps.add(within);
  gaps.remove(*this);
  return gaps;
}

bool TimeRanges::covers(TimeRange range) const { return gaps(range).is_empty(); }

std::string intervals_property(const TimeRanges& ranges) {
  std::string text;
  for (const TimeRange& range : ranges.ranges())
    text += fmt::format("{}{}/{}", text.empty() ? "" : ", ", show_time(range.from), show_time(range.until));
  return text;
}

TimeRanges parse_intervals(std::string_view property) {
  TimeRanges ranges;
  if (text::trim(property).empty()) return ranges;
  for (const std::string& part : text::split(property, ',')) {
    const auto slash = part.find('/');
    if (slash == std::string::npos) return {};
    const auto from = parse_time(std::string_view(part).substr(0, slash));
    const auto until = parse_time(std::string_view(part).substr(slash + 1));
    if (!from || !until) return {};
    ranges.add({*from, *until});
  }
  return ranges;
}

std::string show_ranges(const TimeRanges& ranges, Interval interval, std::size_t most) {
  std::string text;
  const std::size_t count = ranges.ranges().size();
  for (std::size_t i = 0; i < std::min(count, most); ++i)
    text += (i == 0 ? "" : ", ") + show_intervals(ranges.ranges()[i], interval);
  if (count > most) text += fmt::format(" and {} more", count - most);
  return text;
}

}  // namespace lochan
