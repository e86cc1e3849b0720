#include "source/column_cursor.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/sql.h"

namespace lochan {
namespace {

bool is_time(const std::string& type) { return type == "DATE" || type.starts_with("TIMESTAMP"); }

bool has_order(const std::string& type) {
  return is_time(type) || type == "BIGINT" || type == "INTEGER" || type == "VARCHAR" || type == "DOUBLE" ||
         type.starts_with("DECIMAL") || type == "HUGEINT" || type == "SMALLINT" || type == "TINYINT" || type == "FLOAT";
}

}  // namespace

ColumnCursor::ColumnCursor(const SourceTable& table, Column column) : table_(table), column_(std::move(column)) {
  if (!has_order(column_.type))
    throw Error(ErrorKind::Project, fmt::format("`{}` of `{}` is {}, which can't be a cursor", column_.name, table.name, column_.type))
        .at(table.cursor ? table.cursor->position : table.position)
        .hint("a cursor is a time, a number or a text that only grows");
  if (table.lookback.count() > 0 && !is_time(column_.type))
    throw Error(ErrorKind::Project, fmt::format("`{}` of `{}` is {}: a lookback needs a cursor that is a time", column_.name,
                                                table.name, column_.type))
        .at(table.position)
        .hint("leave out `lookback`, or choose another cursor");
}

std::optional<std::string> ColumnCursor::reached(const Cursor& from) const {
  const Json state = Json::parse(from.text, nullptr, false);
  if (!state.is_object() || state.value("column", "") != column_.name || state.value("type", "") != column_.type) return std::nullopt;
  const auto max = state.find("max");
  return max != state.end() && max->is_string() ? std::optional(max->get<std::string>()) : std::nullopt;
}

std::optional<std::string> ColumnCursor::boundary(Session& session, const Cursor& from) const {
  const auto highest = reached(from);
  if (!highest || table_.lookback.count() == 0) return highest;
  return session
      .query(fmt::format("select ({}::{} - to_seconds({}))::{}::varchar", sql::literal(*highest), column_.type,
                         table_.lookback.count(), column_.type))
      .rows.at(0)
      .at(0);
}

Extract ColumnCursor::extract(Session& session, const std::string& only_column, const std::string& select,
                              const std::optional<std::string>& boundary, const Cursor& from) const {
  const std::string name = sql::identifier(column_.name);
  Extract extract;
  if (boundary) extract.within = fmt::format("({0} >= {1}::{2} or {0} is null)", name, sql::literal(*boundary), column_.type);
  const std::string where = boundary ? " where " + extract.within : "";
  extract.select = fmt::format("select * from ({}){}", select, where);
  extract.is_whole = !boundary;
  const Rows seen = session.query(fmt::format("select max({})::varchar, count(*) from ({}){}", name, only_column, where));
  extract.rows = seen.integer(0, 1);
  extract.surely_nothing = boundary && extract.rows == 0;
  // The source may have lost its highest rows: the cursor never goes back.
  std::optional<std::string> highest = reached(from);
  const std::optional<std::string>& read = seen.rows[0][0];
  if (read && highest) {
    highest = session
                  .query(fmt::format("select greatest({0}::{2}, {1}::{2})::varchar", sql::literal(*read), sql::literal(*highest), column_.type))
                  .rows[0][0];
  } else if (read) {
    highest = read;
  }
  Json state{{"column", column_.name}, {"type", column_.type}};
  if (highest) state["max"] = *highest;
  extract.reached.text = state.dump();
  return extract;
}

}  // namespace lochan
