// A line of cron, read: five fields of minutes, hours, days, months and weekdays; `@daily` and its like; `@every 30s`.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <variant>

namespace lochan {

/// Bit n of a field is set when n is one of its values.
struct CronFields {
  std::uint64_t minutes = 0;   // 0-59
  std::uint64_t hours = 0;     // 0-23
  std::uint64_t days = 0;      // 1-31
  std::uint64_t months = 0;    // 1-12
  std::uint64_t weekdays = 0;  // 0-6, from Sunday
  /// Neither day field begins with `*`: a day is due when one of them says so, as cron has it. Else both must.
  bool either_day = false;
  /// The minute or the hour begins with `*`: it comes again and again, and goes by real time where clocks jump.
  bool is_interval = false;
};

/// `@every` is a number of seconds. Throws Error{Project}: "the hour `25` is past 23".
std::variant<CronFields, std::chrono::seconds> read_cron(std::string_view text);

}  // namespace lochan
