// Columns of time in SQL: rows of a range, and the intervals that rows fall in. All in UTC, as sessions are.
#pragma once

#include <string>
#include <string_view>

#include "engine/session.h"
#include "project/time_range.h"

namespace lochan {

/// A condition that files can be left out by. `column` is quoted, of type DATE, TIMESTAMP or TIMESTAMP WITH TIME ZONE.
std::string time_within(std::string_view column, std::string_view type, TimeRange range);

/// The begin of the interval that a row falls in, as microseconds since 1970; null for a row without a time.
std::string interval_of(std::string_view column, Interval interval);

/// The intervals of the rows of `from` (a table, or a select in parentheses), those that touch joined. `where` may be
/// "".
TimeRanges time_intervals(Session& session, std::string_view from, std::string_view column, std::string_view where,
                          Interval interval);

/// As it answers `interval_of`.
TimeRange interval_at(std::int64_t begin_micros, Interval interval);

}  // namespace lochan
