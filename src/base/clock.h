// Time as the platform sees it: a seam, so that tests and fast simulations set it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace lochan {

/// An instant in UTC; microseconds, as Iceberg's timestamptz and PostgreSQL have it.
using Instant = std::chrono::sys_time<std::chrono::microseconds>;

/// May be shared between threads.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant now() const override;
};

/// "2026-11-21 03:46:00.123456+00", which DuckDB, SQLite and PostgreSQL read; microseconds always shown.
std::string to_string(Instant instant);
/// "2026-11-21T03:46:00.123Z", for JSON.
std::string to_iso8601(Instant instant);
/// Reads what both functions above write; throws Error{Data} for anything else.
Instant parse_instant(std::string_view text);

std::int64_t to_micros(Instant instant);
std::int64_t to_millis(Instant instant);
Instant instant_from_micros(std::int64_t micros);

}  // namespace lochan
