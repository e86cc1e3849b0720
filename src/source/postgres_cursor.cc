#include "source/postgres_cursor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/json.h"
#include "base/sql.h"
#include "source/server_table.h"

namespace lochan {
namespace {

constexpr std::array<std::uint32_t, 3> kTimes = {1082, 1114, 1184};  // date, timestamp, timestamptz
constexpr std::array<std::uint32_t, 7> kNumbers = {20, 21, 23, 26, 700, 701, 1700};
constexpr std::array<std::uint32_t, 3> kTexts = {25, 1042, 1043};

template <std::size_t N>
bool is_one_of(const std::array<std::uint32_t, N>& types, const PostgresColumn& column) {
  return std::ranges::find(types, column.type) != types.end();
}

}  // namespace

PostgresColumnCursor::PostgresColumnCursor(const SourceTable& table, const PostgresColumn& column, const Cursor& from)
    : column_(column), before_(highest(from)) {
  const bool is_time = is_one_of(kTimes, column);
  if (!is_time && !is_one_of(kNumbers, column) && !is_one_of(kTexts, column))
    throw Error(ErrorKind::Project, fmt::format("`{}` of `{}` is {}, which can't be a cursor", column.name, table.name, column.declared))
        .at(table.cursor ? table.cursor->position : table.position)
        .hint("a cursor is a time, a number or a text that only grows");
  if (table.lookback.count() > 0 && !is_time)
    throw Error(ErrorKind::Project, fmt::format("`{}` of `{}` is {}: a lookback needs a cursor that is a time", column.name, table.name,
                                                column.declared))
        .at(table.position)
        .hint("leave out `lookback`, or choose another cursor");
  if (!before_) return;
  boundary_ = cast(*before_);
  if (table.lookback.count() > 0)
    boundary_ = fmt::format("({} - interval '{} seconds')::{}", *boundary_, table.lookback.count(), column_.declared);
  condition_ = fmt::format("({0} >= {1} or {0} is null)", sql::identifier(column_.name), *boundary_);
}

std::string PostgresColumnCursor::cast(const std::string& text) const {
  return fmt::format("{}::{}", sql::literal(text), column_.declared);
}

std::optional<std::string> PostgresColumnCursor::highest(const Cursor& from) const {
  const Json state = Json::parse(from.text, nullptr, false);
  if (!state.is_object() || state.value("column", "") != column_.name || state.value("type", "") != column_.declared) return std::nullopt;
  const auto max = state.find("max");
  return max != state.end() && max->is_string() ? std::optional(max->get<std::string>()) : std::nullopt;
}

std::string PostgresColumnCursor::question(const std::string& table) const {
  const std::string name = sql::identifier(column_.name);
  // Nothing comes after infinity and NaN: such rows are read each time, and the cursor stays below them.
  std::string finite = "true";
  if (is_one_of(kTimes, column_)) finite = fmt::format("isfinite({})", name);
  if (column_.type == 700 || column_.type == 701 || column_.type == 1700) finite = fmt::format("{}::text not in ('NaN', 'Infinity')", name);
  // The source may have lost its highest rows: the cursor never goes back.
  return fmt::format("select greatest(max({}) filter (where {}), {})::text, count(*)::text, {}::text from {}{}", name,
                     finite, before_ ? cast(*before_) : "null", boundary_.value_or("null"), table,
                     condition_.empty() ? "" : " where " + condition_);
}

Extract PostgresColumnCursor::reached(std::span<const PostgresValue> answer) const {
  Extract extract;
  extract.is_whole = !boundary_;
  const bool is_text = column_.lake_type() == "VARCHAR";
  const PostgresValue& boundary = answer[2];
  // Where the lake's order is the server's, the log needs to be looked at only so far back.
  if (boundary && !is_text && boundary->find("BC") == std::string::npos)
    extract.within = fmt::format("({0} >= {1}::{2} or {0} is null)", sql::identifier(column_.name),
                                 sql::literal(*boundary), column_.lake_type());
  note_reached(extract, column_.name, column_.declared, answer[0], answer[1]);
  return extract;
}

}  // namespace lochan
