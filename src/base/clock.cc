#include "base/clock.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "base/error.h"

namespace lochan {
namespace {

struct Parts {
  std::chrono::year_month_day day;
  std::chrono::hh_mm_ss<std::chrono::microseconds> time;
};

Parts split(Instant instant) {
  const auto days = std::chrono::floor<std::chrono::days>(instant);
  return {std::chrono::year_month_day{days}, std::chrono::hh_mm_ss<std::chrono::microseconds>{instant - days}};
}

std::string format(Instant instant, char between) {
  const Parts parts = split(instant);
  return fmt::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}", static_cast<int>(parts.day.year()),
                     static_cast<unsigned>(parts.day.month()), static_cast<unsigned>(parts.day.day()), between,
                     parts.time.hours().count(), parts.time.minutes().count(), parts.time.seconds().count());
}

// A number of exactly `width` digits at `at`.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t width) {
  int value = 0;
  if (at + width > text.size()) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + width, value);
  if (error != std::errc{} || end != text.data() + at + width) return std::nullopt;
  return value;
}

}  // namespace

Instant SystemClock::now() const {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string to_string(Instant instant) {
  const auto fraction = split(instant).time.subseconds().count();
  return fmt::format("{}.{:06}+00", format(instant, ' '), fraction);
}

std::string to_iso8601(Instant instant) {
  const auto fraction = split(instant).time.subseconds().count();
  return fmt::format("{}.{:03}Z", format(instant, 'T'), fraction / 1000);
}

Instant parse_instant(std::string_view text) {
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second)
    throw Error(ErrorKind::Data, fmt::format("`{}` is not an instant", text)).hint("write it as 2026-11-21T03:46:00Z");
  std::int64_t micros = 0;
  if (text.size() > 20 && text[19] == '.') {
    std::int64_t scale = 100'000;
    for (std::size_t i = 20; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i, scale /= 10)
      micros += (text[i] - '0') * scale;
  }
  const std::chrono::sys_days days = std::chrono::year{*year} / *month / *day;
  return Instant{days} + std::chrono::hours{*hour} + std::chrono::minutes{*minute} + std::chrono::seconds{*second} +
         std::chrono::microseconds{micros};
}

std::int64_t to_micros(Instant instant) { return instant.time_since_epoch().count(); }
std::int64_t to_millis(Instant instant) { return to_micros(instant) / 1000; }
Instant instant_from_micros(std::int64_t micros) { return Instant{std::chrono::microseconds{micros}}; }

}  // namespace lochan
