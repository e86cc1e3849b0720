#include "project/scalar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"

namespace lochan {
namespace {

constexpr bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
constexpr bool is_word_start(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '_';
}

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr std::array kUnits = {Unit{"w", 604'800'000}, Unit{"d", 86'400'000}, Unit{"h", 3'600'000},
                               Unit{"m", 60'000},      Unit{"s", 1'000},      Unit{"ms", 1}};

/// How many digits stand at the beginning.
std::size_t count_digits(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
}

}  // namespace

bool is_plain_word(std::string_view text) {
  return !text.empty() && is_word_start(text[0]) &&
         std::ranges::all_of(text, [](char letter) { return is_word_start(letter) || is_digit(letter); });
}

bool is_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t whole = count_digits(text);
  text.remove_prefix(whole);
  std::size_t fraction = 0;
  if (text.starts_with('.')) {
    fraction = count_digits(text.substr(1));
    text.remove_prefix(1 + fraction);
  }
  if (whole + fraction == 0) return false;
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && count_digits(text) == text.size();
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !is_number(text)) return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds{0};
  constexpr std::int64_t kLongest = 100ll * 366 * 86'400'000;  // a century: no sum or product of it overflows
  std::int64_t total = 0;
  bool is_empty = true;
  while (!text.empty()) {
    const std::size_t digits = count_digits(text);
    const auto count = parse_integer(text.substr(0, digits));
    text.remove_prefix(digits);
    const auto letters = static_cast<std::size_t>(std::ranges::find_if(text, is_digit) - text.begin());
    const auto unit = std::ranges::find(kUnits, text.substr(0, letters), &Unit::name);
    if (!count || unit == kUnits.end() || *count > kLongest / unit->milliseconds) return std::nullopt;
    text.remove_prefix(letters);
    total += *count * unit->milliseconds;
    if (total > kLongest) return std::nullopt;
    is_empty = false;
  }
  return is_empty ? std::nullopt : std::optional(std::chrono::milliseconds{total});
}

std::string show_duration(std::chrono::milliseconds duration) {
  if (duration.count() == 0) return "0";
  for (const Unit& unit : kUnits)
    if (unit.name != "w" && duration.count() % unit.milliseconds == 0)
      return fmt::format("{}{}", duration.count() / unit.milliseconds, unit.name);
  return fmt::format("{}ms", duration.count());
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto unit = static_cast<std::size_t>(
      std::ranges::find_if_not(text, [](char letter) { return is_digit(letter) || letter == '.'; }) - text.begin());
  constexpr std::array<std::pair<std::string_view, double>, 8> kSizeUnits{{{"kb", 1e3},
                                                                           {"mb", 1e6},
                                                                           {"gb", 1e9},
                                                                           {"tb", 1e12},
                                                                           {"kib", 0x1p10},
                                                                           {"mib", 0x1p20},
                                                                           {"gib", 0x1p30},
                                                                           {"tib", 0x1p40}}};
  const auto number = parse_number(text.substr(0, unit));
  const std::string name = text::lower(text::trim(text.substr(unit)));
  const auto found = std::ranges::find(kSizeUnits, name, &std::pair<std::string_view, double>::first);
  if (!number || found == kSizeUnits.end() || *number * found->second >= 0x1p63) return std::nullopt;
  return static_cast<std::uint64_t>(*number * found->second);
}

bool is_size(std::string_view text) { return parse_size(text).has_value(); }

std::string cut_text(std::string_view text, std::size_t most) {
  std::size_t size = std::min(most, text.size());
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return std::string(text.substr(0, size));
}

std::optional<std::size_t> find_not_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = text::letter_length(text.substr(at));
    if (size == 0) return at;
    at += size;
  }
  return std::nullopt;
}

}  // namespace lochan
