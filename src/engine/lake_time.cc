#include "engine/lake_time.h"

#include <fmt/format.h>

namespace lochan {
namespace {

std::string time_literal(std::string_view type, Instant instant) {
  const std::string text = to_string(instant);
  if (type == "DATE") return fmt::format("date '{}'", text.substr(0, text.find(' ')));
  if (type == "TIMESTAMP") return fmt::format("timestamp '{}'", text.substr(0, text.size() - 3));
  return fmt::format("timestamptz '{}'", text);
}

// As EnumWords<Interval> and DuckDB's date_trunc spell them.
std::string_view word(Interval interval) {
  switch (interval) {
    case Interval::Hour:
      return "hour";
    case Interval::Day:
      return "day";
    case Interval::Week:
      return "week";
    case Interval::Month:
      return "month";
    case Interval::Year:
      return "year";
  }
  return {};
}

}  // namespace

std::string time_within(std::string_view column, std::string_view type, TimeRange range) {
  return fmt::format("({0} >= {1} and {0} < {2})", column, time_literal(type, range.from),
                     time_literal(type, range.until));
}

std::string interval_of(std::string_view column, Interval interval) {
  return fmt::format("epoch_us(date_trunc('{0}', case when isfinite({1}) then cast({1} as timestamp) end))",
                     word(interval), column);
}

TimeRange interval_at(std::int64_t begin_micros, Interval interval) {
  const Instant begin = instant_from_micros(begin_micros);
  return {begin, next_interval(begin, interval)};
}

TimeRanges time_intervals(Session& session, std::string_view from, std::string_view column, std::string_view where,
                          Interval interval) {
  const Rows rows =
      session.query(fmt::format("select distinct {0} as i from {1}{2}{3} order by 1", interval_of(column, interval),
                                from, where.empty() ? "" : " where ", where));
  TimeRanges ranges;
  for (std::size_t i = 0; i < rows.rows.size(); ++i)
    if (rows.rows[i][0]) ranges.add(interval_at(rows.integer(i, 0), interval));
  return ranges;
}

}  // namespace lochan
