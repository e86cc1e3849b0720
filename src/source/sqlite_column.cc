#include "source/sqlite_column.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/sql.h"
#include "base/text.h"

namespace lochan {
namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// `decimal(10, 2)` is DECIMAL(10,2); without digits, or with digits that DuckDB doesn't have, there is none.
std::optional<std::string> exact_decimal(const std::string& declared) {
  const std::size_t open = declared.find('(');
  const std::size_t close = declared.find(')', open == std::string::npos ? 0 : open);
  if (open == std::string::npos || close == std::string::npos) return std::nullopt;
  int digits[2] = {0, 0};
  const auto parts = text::split(std::string_view(declared).substr(open + 1, close - open - 1), ',');
  if (parts.size() > 2) return std::nullopt;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string_view part = text::trim(parts[i]);
    if (part.empty() || part.size() > 3 || !std::ranges::all_of(part, [](unsigned char c) { return std::isdigit(c) != 0; }))
      return std::nullopt;
    digits[i] = std::stoi(std::string(part));
  }
  if (digits[0] < 1 || digits[0] > 38 || digits[1] > digits[0]) return std::nullopt;
  return fmt::format("DECIMAL({},{})", digits[0], digits[1]);
}

// A value that can't be cast ends the load, and says which it is.
std::string or_fail(const std::string& value, const std::string& converted, const std::string& column,
                    const std::string& table, const std::string& type) {
  const std::string before = fmt::format("column `{}` of `{}` holds `", column, table);
  return fmt::format("coalesce({1}, case when {0} is not null then error({2} || left({0}, 60) || {3}) end)", value, converted,
                     sql::literal(before), sql::literal(fmt::format("`, which is no {}", type)));
}

std::string converted(const std::string& value, const std::string& type, bool is_numeric) {
  const std::string cast = fmt::format("try_cast({} as {})", value, type);
  // A whole number only: DuckDB would round 1.5.
  if (type == "BIGINT") return fmt::format("case when not contains({}, '.') then {} end", value, cast);
  // Digits that the type would round away, or a time that a date would.
  if (type.starts_with("DECIMAL")) return fmt::format("case when {0}::double = try_cast({1} as double) then {0} end", cast, value);
  if (type == "DATE") return fmt::format("case when try_cast({} as timestamp) = {} then {} end", value, cast, cast);
  // Integers that a double can't hold.
  if (type == "DOUBLE" && is_numeric)
    return fmt::format("case when coalesce(abs(try_cast({} as hugeint)) <= 9007199254740992, true) then {} end", value, cast);
  if (type == "TIMESTAMP") return fmt::format("timezone('UTC', try_cast({} as timestamptz))", value);
  if (type == "BLOB") return fmt::format("unhex({})", value);
  // Bytes that are no UTF-8 would only be found when they are written.
  if (type == "VARCHAR") return fmt::format("try(decode(encode({})))", value);
  return cast;
}

// Without what changes nothing for the order of texts: a time is never below its own beginning.
std::string shortest_time(std::string bound) {
  if (const std::size_t dot = bound.find('.'); dot != std::string::npos) bound.resize(dot);
  if (const std::size_t plus = bound.find('+', 10); plus != std::string::npos) bound.resize(plus);
  for (int i = 0; i < 2 && bound.ends_with(":00"); ++i) bound.resize(bound.size() - 3);
  if (bound.ends_with(" 00")) bound.resize(bound.size() - 3);
  return bound;
}

}  // namespace

std::string type_from_sqlite(const std::string& declared) {
  const std::string type = text::lower(text::trim(declared));
  if (has(type, "timestamptz") || (has(type, "timestamp") && has(type, "with time zone"))) return "TIMESTAMP WITH TIME ZONE";
  if (has(type, "timestamp") || has(type, "datetime")) return "TIMESTAMP";
  if (type == "date") return "DATE";
  if (has(type, "bool")) return "BOOLEAN";
  if (has(type, "interval") || has(type, "point")) return "VARCHAR";
  if (has(type, "int")) return "BIGINT";
  if (has(type, "char") || has(type, "clob") || has(type, "text")) return "VARCHAR";
  if (has(type, "blob") || has(type, "binary")) return "BLOB";
  if (has(type, "real") || has(type, "floa") || has(type, "doub")) return "DOUBLE";
  if (has(type, "dec") || has(type, "num")) return exact_decimal(type).value_or("DOUBLE");
  return "VARCHAR";
}

std::string carried_text(const SqliteColumn& column) {
  const std::string name = sql::identifier(column.name);
  const std::string type = type_from_sqlite(column.declared);
  // SQLite's text of a real has 15 digits; with 18 it comes back as itself (tried on 150,000 random ones).
  const std::string real = fmt::format("printf('%!.18g', {})", name);
  if (type == "DOUBLE") return fmt::format("case typeof({0}) when 'real' then {1} else {0} end", name, real);
  if (type == "BLOB") return fmt::format("case when {0} is not null then hex({0}) end", name);
  if (type.starts_with("TIMESTAMP")) {
    // As SQLite's date functions read numbers: whole ones as seconds since 1970, others with their modifier `auto`.
    return fmt::format(
        "case typeof({0}) when 'integer' then coalesce(datetime({0}, 'unixepoch'), {0}) "
        "when 'real' then coalesce(strftime('%Y-%m-%d %H:%M:%f', {0}, 'auto'), {0}) else {0} end",
        name);
  }
  if (type == "VARCHAR")
    return fmt::format(
        "case when typeof({0}) = 'real' and cast(cast({0} as text) as real) <> {0} then {1} else {0} end", name, real);
  return name;
}

std::string carried_value(const SqliteColumn& column, const std::string& table) {
  const std::string type = type_from_sqlite(column.declared);
  const std::string name = sql::identifier(column.name);
  const std::string declared = text::lower(column.declared);
  const bool is_numeric = has(declared, "dec") || has(declared, "num");
  const std::string wanted = type == "VARCHAR" ? "UTF-8 text" : type;
  return fmt::format("({})::{}", or_fail(name, converted(name, type, is_numeric), column.name, table, wanted), type);
}

std::string not_below(const SqliteColumn& column, const std::string& bound) {
  const std::string name = sql::identifier(column.name);
  const std::string type = type_from_sqlite(column.declared);
  if (type == "VARCHAR") {
    // Only a column with text affinity holds texts alone; elsewhere a number sorts below every text and would never be seen.
    const std::string declared = text::lower(column.declared);
    const bool is_text = declared.find("char") != std::string::npos || declared.find("clob") != std::string::npos ||
                         declared.find("text") != std::string::npos;
    return is_text ? fmt::format("{} >= {} collate binary", name, sql::literal(bound)) : fmt::format("{} is not null", name);
  }
  if (type == "BIGINT" || type == "DOUBLE" || type.starts_with("DECIMAL")) return fmt::format("{} >= {}", name, bound);
  if (type != "DATE" && !type.starts_with("TIMESTAMP")) return fmt::format("{} is not null", name);
  // Texts of times sort as times do, with a blank or a T. An offset west of Greenwich makes the text smaller than the time
  // in UTC, by less than a day. Numbers sort below all texts; few tables have both.
  const std::string day = sql::literal(bound.substr(0, 10));
  return fmt::format("(({0} >= date({1}, '-1 day') and ({0} >= {2} or instr(substr({0}, 11), '-') > 0)) or {0} < '')", name,
                     day, sql::literal(shortest_time(bound)));
}

}  // namespace lochan
