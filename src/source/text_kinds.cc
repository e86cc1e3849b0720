#include "source/text_kinds.h"

#include <chrono>

namespace lochan {
namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

std::size_t digits(std::string_view text, std::size_t at) {
  const std::size_t from = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  return at - from;
}

struct Number {
  bool is_whole = false, is_any = false;
};

constexpr std::size_t kExactDigits = 15;  // of a DOUBLE
constexpr std::size_t kWholeDigits = 18;  // of a BIGINT

// As it would be written again: `007` and `+1` are text, and so is what has more digits than its type holds.
Number number_of(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  std::size_t size = digits(text, at);
  if (size == 0 || (size > 1 && text[at] == '0')) return {};
  at += size;
  if (at == text.size()) return {size <= kWholeDigits, size <= kExactDigits};
  if (text[at] == '.') {
    const std::size_t fraction = digits(text, at + 1);
    if (fraction == 0) return {};
    at += 1 + fraction;
    size += fraction;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    const std::size_t exponent = digits(text, at);
    if (exponent == 0) return {};
    at += exponent;
  }
  return {false, at == text.size() && size <= kExactDigits};
}

// Digits where the form has `0`, else its letters.
bool is_of_form(std::string_view text, std::string_view form) {
  if (text.size() != form.size()) return false;
  for (std::size_t at = 0; at < form.size(); ++at)
    if (form[at] == '0' ? !is_digit(text[at]) : text[at] != form[at]) return false;
  return true;
}

int two_digits(std::string_view text, std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); }

bool is_date(std::string_view text) {
  if (!is_of_form(text, "0000-00-00")) return false;
  const int year = two_digits(text, 0) * 100 + two_digits(text, 2);
  const std::chrono::year_month_day day{std::chrono::year(year),
                                        std::chrono::month(static_cast<unsigned>(two_digits(text, 5))),
                                        std::chrono::day(static_cast<unsigned>(two_digits(text, 8)))};
  return year > 0 && day.ok();
}

bool is_clock(std::string_view text) {
  return is_of_form(text.substr(0, 8), "00:00:00") && two_digits(text, 0) < 24 && two_digits(text, 3) < 60 &&
         two_digits(text, 6) < 60;
}

// Nothing, or up to microseconds.
bool is_fraction(std::string_view text) {
  const std::size_t size = text.starts_with('.') ? digits(text, 1) : 0;
  return text.empty() || (size >= 1 && size <= 6 && size + 1 == text.size());
}

bool is_time(std::string_view text) { return is_clock(text) && is_fraction(text.substr(8)); }

// Of `Z`, or of something like `+02:00`, which is at the end of a timestamp; 0: none of them.
std::size_t offset_size(std::string_view text) {
  if (text.ends_with('Z')) return 1;
  if (text.size() < 6) return 0;
  const std::string_view end = text.substr(text.size() - 6);
  const bool is_offset =
      (is_of_form(end, "+00:00") || is_of_form(end, "-00:00")) && two_digits(end, 1) < 15 && two_digits(end, 4) < 60;
  return is_offset ? 6 : 0;
}

bool is_timestamp(std::string_view text) {
  constexpr std::size_t kDate = 10;
  if (text.size() <= kDate || (text[kDate] != 'T' && text[kDate] != ' ') || !is_date(text.substr(0, kDate)))
    return false;
  const std::string_view time = text.substr(kDate + 1);
  return is_time(time.substr(0, time.size() - offset_size(time)));
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char letter = text[at];
    const bool is_dash = at == 8 || at == 13 || at == 18 || at == 23;
    if (is_dash ? letter != '-' : !is_digit(letter) && !(letter >= 'a' && letter <= 'f')) return false;
  }
  return true;
}

}  // namespace

void TextKinds::take(std::string_view value) {
  has_any = true;
  if (boolean) boolean = value == "true" || value == "false";
  if (number || whole) {
    const Number found = number_of(value);
    whole = whole && found.is_whole;
    number = number && found.is_any;
  }
  if (date) date = is_date(value);
  if (time) time = is_time(value);
  if (timestamp) timestamp = is_timestamp(value);
  if (timestamp) has_offset = has_offset || offset_size(value) == 6;
  if (uuid) uuid = is_uuid(value);
}

void TextKinds::take(const TextKinds& others) {
  if (!others.has_any) return;
  has_any = true;
  whole = whole && others.whole;
  number = number && others.number;
  boolean = boolean && others.boolean;
  date = date && others.date;
  time = time && others.time;
  timestamp = timestamp && others.timestamp;
  has_offset = has_offset || others.has_offset;
  uuid = uuid && others.uuid;
}

std::string_view TextKinds::type() const {
  if (!has_any) return "";
  if (whole) return "BIGINT";
  if (number) return "DOUBLE";
  if (boolean) return "BOOLEAN";
  if (date) return "DATE";
  if (time) return "TIME";
  if (timestamp) return "TIMESTAMP";
  return uuid ? "UUID" : "";
}

}  // namespace lochan
