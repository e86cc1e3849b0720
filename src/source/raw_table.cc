#include "source/raw_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/error.h"
#include "base/sql.h"

namespace lochan {
namespace {

const std::array<Column, 5>& own_columns() {
  static const std::array<Column, 5> columns = {{{"_source", "VARCHAR", true},
                                                 {"_loaded_at", "TIMESTAMP WITH TIME ZONE", true},
                                                 {"_run", "BIGINT", true},
                                                 {"_deleted", "BOOLEAN", true},
                                                 {"dt", "DATE", true}}};
  return columns;
}

std::string definition(const Column& column) { return fmt::format("{} {}", sql::identifier(column.name), column.type); }

void require_free_names(const SourceTable& table, std::span<const Column> source_columns) {
  for (const Column& column : source_columns) {
    if (std::ranges::find(own_columns(), column.name, &Column::name) == own_columns().end()) continue;
    throw Error(ErrorKind::Data, fmt::format("`{}` has a column `{}`, a name that every raw table uses itself", table.from, column.name))
        .at(table.position)
        .hint("read it through a view that names the column otherwise");
  }
}

}  // namespace

std::vector<Column> raw_columns(std::span<const Column> source_columns) {
  std::vector<Column> columns;
  for (const Column& column : source_columns) columns.push_back({column.name, column.type, true});
  columns.insert(columns.end(), own_columns().begin(), own_columns().end());
  return columns;
}

// "Schema Evolution", Apache Iceberg Spec.
bool is_wider_type(const std::string& than, const std::string& type) {
  if (than == "INTEGER" && type == "BIGINT") return true;
  if (than == "FLOAT" && type == "DOUBLE") return true;
  int precision = 0, scale = 0, wider = 0, same = 0;
  return std::sscanf(than.c_str(), "DECIMAL(%d,%d)", &precision, &scale) == 2 && std::sscanf(type.c_str(), "DECIMAL(%d,%d)", &wider, &same) == 2 &&
         wider > precision && scale == same;
}

std::string raw_name(const Session& session, const SourceTable& table) {
  return sql::identifier(session.lake()) + "." + quoted(table.table());
}

std::vector<std::string> prepare_raw_table(Session& session, const SourceTable& table, std::span<const Column> source_columns,
                                           const std::optional<Entry>& current) {
  require_free_names(table, source_columns);
  const std::string name = raw_name(session, table);
  std::vector<std::string> added;
  if (!current) {
    std::vector<std::string> definitions;
    for (const Column& column : raw_columns(source_columns)) definitions.push_back(definition(column));
    session.execute(fmt::format("create table {} ({}) partitioned by ({})", name, fmt::join(definitions, ", "), kRawPartition));
    return added;
  }
  for (const Column& column : source_columns) {
    const auto there = std::ranges::find(current->columns, column.name, &Column::name);
    if (there == current->columns.end()) {
      session.execute(fmt::format("alter table {} add column {}", name, definition(column)));
      added.push_back(column.name);
    } else if (is_wider_type(there->type, column.type)) {
      session.execute(fmt::format("alter table {} alter column {} set data type {}", name, sql::identifier(column.name), column.type));
    } else if (there->type != column.type) {
      throw Error(ErrorKind::Data, fmt::format("`{}` of `{}` was {} and is {} now", column.name, table.from, there->type, column.type))
          .at(table.position)
          .hint(fmt::format("load it under a new name (`{0}_2: {{ from: {1} }}`), or change the type back at the source", table.name,
                            table.from));
    }
  }
  return added;
}

}  // namespace lochan
