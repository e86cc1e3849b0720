#include "source/mysql_cursor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/json.h"
#include "base/sql.h"
#include "source/server_table.h"

namespace lochan {
namespace {

constexpr std::array<std::string_view, 3> kTimes = {"date", "datetime", "timestamp"};
constexpr std::array<std::string_view, 9> kNumbers = {"tinyint", "smallint", "mediumint", "int", "bigint",
                                                      "decimal", "float",    "double",    "year"};
constexpr std::array<std::string_view, 6> kTexts = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& types, std::string_view type) {
  return std::ranges::find(types, type) != types.end();
}

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789+-.eE") == std::string::npos;
}

}  // namespace

MysqlColumnCursor::MysqlColumnCursor(const SourceTable& table, const MysqlColumn& column)
    : table_(table),
      column_(column),
      is_time_(is_one_of(kTimes, column.type)),
      is_number_(is_one_of(kNumbers, column.type)) {
  if (!is_time_ && !is_number_ && !is_one_of(kTexts, column.type))
    throw Error(ErrorKind::Project,
                fmt::format("`{}` of `{}` is {}, which can't be a cursor", column.name, table.name, column.declared))
        .at(table.cursor ? table.cursor->position : table.position)
        .hint("a cursor is a time, a number or a text that only grows");
  if (table.lookback.count() > 0 && !is_time_)
    throw Error(ErrorKind::Project, fmt::format("`{}` of `{}` is {}: a lookback needs a cursor that is a time",
                                                column.name, table.name, column.declared))
        .at(table.position)
        .hint("leave out `lookback`, or choose another cursor");
}

std::optional<std::string> MysqlColumnCursor::highest(const Cursor& from) const {
  const Json state = Json::parse(from.text, nullptr, false);
  if (!state.is_object() || state.value("column", "") != column_.name || state.value("type", "") != column_.declared)
    return std::nullopt;
  const auto max = state.find("max");
  if (max == state.end() || !max->is_string()) return std::nullopt;
  const std::string text = max->get<std::string>();
  return is_number_ && !is_number(text) ? std::nullopt : std::optional(text);
}

// A number in quotes would be compared as a double.
std::string MysqlColumnCursor::written(const std::string& text) const {
  if (is_number_) return text;
  if (column_.type == "date") return "date " + mysql::literal(text);
  return (is_time_ ? "timestamp " : "") + mysql::literal(text);
}

std::string MysqlColumnCursor::condition(MysqlConnection& connection, const Cursor& from) {
  boundary_ = highest(from);
  if (!boundary_) return "";
  if (table_.lookback.count() > 0) {
    const MysqlRows earlier =
        connection.query(fmt::format("select cast({} - interval {} second as {})", written(*boundary_),
                                     table_.lookback.count(), column_.type == "date" ? "date" : "datetime(6)"));
    boundary_ = earlier.rows.at(0).at(0);  // none: before the first day that the server can count
    if (!boundary_) return "";
  }
  return fmt::format("({0} >= {1} or {0} is null)", mysql::identifier(column_.name), written(*boundary_));
}

Extract MysqlColumnCursor::reached(MysqlConnection& connection, const std::string& table, const Cursor& from) const {
  Extract extract;
  extract.is_whole = !boundary_;
  const std::string type = column_.lake_type();
  // Where the lake's order is the server's, the log needs to be looked at only so far back.
  if (boundary_ && type != "VARCHAR")
    extract.within =
        fmt::format("({0} >= {1}::{2} or {0} is null)", sql::identifier(column_.name), sql::literal(*boundary_), type);
  const std::string name = mysql::identifier(column_.name);
  const std::string where = boundary_ ? fmt::format(" where {0} >= {1} or {0} is null", name, written(*boundary_)) : "";
  // The source may have lost its highest rows: the cursor never goes back.
  const auto before = highest(from);
  const std::string max = column_.type == "float" ? fmt::format("max({}) * 1e0", name) : fmt::format("max({})", name);
  const std::string highest_of_both =
      before ? fmt::format("coalesce(greatest({0}, {1}), {1})", max, written(*before)) : max;
  const MysqlRows seen = connection.query(fmt::format("select {}, count(*) from {}{}", highest_of_both, table, where));
  note_reached(extract, column_.name, column_.declared, seen.rows.at(0).at(0), seen.rows.at(0).at(1));
  return extract;
}

}  // namespace lochan
