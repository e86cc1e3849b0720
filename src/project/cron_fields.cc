#include "project/cron_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "project/scalar.h"

namespace lochan {
namespace {

struct FieldKind {
  std::string_view name;
  int least;
  int most;
  std::span<const std::string_view> names;  // of the values from `least` on
};

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr FieldKind kMinute{"minute", 0, 59, {}};
constexpr FieldKind kHour{"hour", 0, 23, {}};
constexpr FieldKind kDay{"day of the month", 1, 31, {}};
constexpr FieldKind kMonth{"month", 1, 12, kMonths};
constexpr FieldKind kWeekday{"day of the week", 0, 7, kWeekdays};  // 7 is Sunday too

// In leap years.
constexpr std::array<int, 13> kDaysOf = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kMacros = {{{"@hourly", "0 * * * *"},
                                                                                  {"@daily", "0 0 * * *"},
                                                                                  {"@midnight", "0 0 * * *"},
                                                                                  {"@weekly", "0 0 * * 0"},
                                                                                  {"@monthly", "0 0 1 * *"},
                                                                                  {"@yearly", "0 0 1 1 *"},
                                                                                  {"@annually", "0 0 1 1 *"}}};

Error bad(std::string message, std::string hint) {
  Error error(ErrorKind::Project, std::move(message));
  error.hint(std::move(hint));
  return error;
}

/// Reads one field; throws Error{Project}.
class FieldReader {
 public:
  FieldReader(const FieldKind& kind, std::string_view text) : kind_(kind), text_(text) {}

  std::uint64_t read() const {
    std::uint64_t bits = 0;
    for (const std::string& part : text::split(text_, ',')) bits |= read_part(part);
    return bits;
  }

 private:
  [[noreturn]] void fail(const std::string& what, std::string hint = "") const {
    if (hint.empty())
      hint = fmt::format("wanted `*`, a value from {} to {}, a range such as `{}-{}`, a step such as `*/{}`, or several "
                         "with commas between",
                         kind_.least, kind_.most, kind_.least + 1, kind_.least + 3, 2);
    throw bad(fmt::format("the {} `{}` {}", kind_.name, text_, what), std::move(hint));
  }

  std::uint64_t read_part(const std::string& part) const {
    if (part.empty()) fail("has nothing between its commas");
    const auto slash = part.find('/');
    const std::string range = part.substr(0, slash);
    int step = 1;
    if (slash != std::string::npos) step = read_step(part.substr(slash + 1));
    int first = kind_.least;
    int last = &kind_ == &kWeekday ? 6 : kind_.most;
    if (range != "*") {
      const auto dash = range.find('-');
      if (dash == std::string::npos && slash != std::string::npos)
        fail("has a step without a range", fmt::format("write `{}-{}/{}`, or `*/{}`", range, last, step, step));
      first = read_value(range.substr(0, dash));
      last = dash == std::string::npos ? first : read_value(range.substr(dash + 1));
      if (&kind_ == &kWeekday && last == 0 && first > 0) last = 7;  // FRI-SUN
      if (last < first)
        fail("ends before it begins", fmt::format("write two ranges: `{}-{},{}-{}`", first, kind_.most, kind_.least, last));
    }
    std::uint64_t bits = 0;
    for (int value = first; value <= last; value += step) bits |= std::uint64_t{1} << (is_sunday(value) ? 0 : value);
    return bits;
  }

  bool is_sunday(int value) const { return &kind_ == &kWeekday && value == 7; }

  int read_step(const std::string& text) const {
    const auto step = parse_integer(text);
    if (!step || *step < 1) fail(fmt::format("has the step `{}`", text), "a step is a whole number, 1 or more");
    if (*step > kind_.most) fail(fmt::format("has the step {}, which is past {}", *step, kind_.most));
    return static_cast<int>(*step);
  }

  int read_value(const std::string& text) const {
    const std::string word = text::lower(text);
    const auto named = std::ranges::find(kind_.names, word);
    if (named != kind_.names.end()) return kind_.least + static_cast<int>(named - kind_.names.begin());
    const bool is_number = !text.empty() && std::ranges::all_of(text, [](char letter) { return letter >= '0' && letter <= '9'; });
    const auto value = is_number ? parse_integer(text) : std::nullopt;
    if (!value) {
      if (kind_.names.empty() || text.empty()) fail("is none");
      fail("is none", fmt::format("wanted a number from {} to {}, or a name such as `{}`", kind_.least, kind_.most,
                                  kind_.names[1]));
    }
    if (*value < kind_.least) fail(fmt::format("is below {}", kind_.least));
    if (*value > kind_.most) fail(fmt::format("is past {}", kind_.most));
    return static_cast<int>(*value);
  }

  const FieldKind& kind_;
  std::string_view text_;
};

bool can_come(const CronFields& fields) {
  if (fields.either_day) return true;
  for (int month = 1; month <= 12; ++month)
    for (int day = 1; day <= kDaysOf[static_cast<std::size_t>(month)]; ++day)
      if ((fields.months >> month & 1) != 0 && (fields.days >> day & 1) != 0) return true;
  return false;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char letter : text) {
    const bool is_blank = letter == ' ' || letter == '\t';
    if (!is_blank) word += letter;
    if (is_blank && !word.empty()) words.push_back(std::exchange(word, {}));
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

CronFields read_fields(std::string_view text) {
  const std::vector<std::string> words = words_of(text);
  if (words.size() != 5)
    throw bad(fmt::format("`{}` has {}, wanted five", text, text::plural(static_cast<std::int64_t>(words.size()), "field")),
              "minute, hour, day of the month, month, day of the week: `*/5 * * * *`");
  const auto is_any = [&](std::size_t i) { return words[i].starts_with('*'); };
  CronFields fields;
  fields.minutes = FieldReader(kMinute, words[0]).read();
  fields.hours = FieldReader(kHour, words[1]).read();
  fields.days = FieldReader(kDay, words[2]).read();
  fields.months = FieldReader(kMonth, words[3]).read();
  fields.weekdays = FieldReader(kWeekday, words[4]).read();
  fields.either_day = !is_any(2) && !is_any(4);
  fields.is_interval = is_any(0) || is_any(1);
  if (!can_come(fields))
    throw bad(fmt::format("`{}` never comes: no such month has that day", text), "see its third and fourth fields");
  return fields;
}

std::variant<CronFields, std::chrono::seconds> read_macro(std::string_view text) {
  const std::vector<std::string> words = words_of(text);
  if (words[0] == "@every") {
    const auto every = words.size() == 2 ? parse_duration(words[1]) : std::nullopt;
    if (!every || *every < std::chrono::seconds{1} || *every % std::chrono::seconds{1} != std::chrono::seconds{0})
      throw bad(fmt::format("`{}` says no whole seconds", text), "write it as `@every 30s` or `@every 1h30m`");
    return std::chrono::duration_cast<std::chrono::seconds>(*every);
  }
  std::vector<std::string> names = {"@every"};
  for (const auto& [name, fields] : kMacros) {
    if (words.size() == 1 && words[0] == name) return read_fields(fields);
    names.emplace_back(name);
  }
  throw bad(fmt::format("`{}` is no word of cron", text),
            text::did_you_mean(words[0], names, "there are @hourly, @daily, @weekly, @monthly, @yearly and @every"));
}

}  // namespace

std::variant<CronFields, std::chrono::seconds> read_cron(std::string_view text) {
  const std::string_view trimmed = text::trim(text);
  if (trimmed.starts_with('@')) return read_macro(trimmed);
  return read_fields(trimmed);
}

}  // namespace lochan
