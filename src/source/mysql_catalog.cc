#include "source/mysql_catalog.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "base/text.h"

namespace lochan {
namespace {

using Name = std::pair<std::string, std::string>;  // database, table

std::int64_t whole(const std::optional<std::string>& text) {
  std::int64_t value = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

MysqlColumn read_column(const std::vector<std::optional<std::string>>& row) {
  MysqlColumn column;
  column.name = row.at(2).value_or("");
  column.type = text::lower(row.at(3).value_or(""));
  column.declared = row.at(4).value_or("");
  column.not_null = row.at(5) == "NO";
  column.digits = static_cast<int>(whole(row.at(6)));
  column.scale = static_cast<int>(whole(row.at(7)));
  column.is_unsigned = column.declared.find(" unsigned") != std::string::npos;
  column.is_bytes = column.type.ends_with("binary") || column.type.ends_with("blob");
  return column;
}

void read_columns(MysqlConnection& connection, const std::string& where, std::map<Name, MysqlTable>& tables) {
  const MysqlRows rows = connection.query(
      "select table_schema, table_name, column_name, data_type, column_type, is_nullable, numeric_precision, "
      "numeric_scale, column_comment "
      "from information_schema.columns where " +
      where + " order by table_schema, table_name, ordinal_position");
  for (const auto& row : rows.rows)
    if (const auto table = tables.find({row.at(0).value_or(""), row.at(1).value_or("")}); table != tables.end()) {
      table->second.columns.push_back(read_column(row));
      if (const auto& comment = row.at(8); comment && !comment->empty())
        table->second.descriptions[table->second.columns.back().name] = *comment;
    }
}

// The primary key's columns, and the other indexes as people write them.
void read_indexes(MysqlConnection& connection, const std::string& where, std::map<Name, MysqlTable>& tables) {
  const MysqlRows rows = connection.query(
      "select table_schema, table_name, index_name, non_unique, coalesce(column_name, 'expression') from "
      "information_schema.statistics "
      "where " +
      where + " order by table_schema, table_name, index_name, seq_in_index");
  std::map<std::pair<Name, std::string>, std::pair<bool, std::vector<std::string>>> indexes;
  for (const auto& row : rows.rows) {
    auto& [is_unique, columns] = indexes[{{row.at(0).value_or(""), row.at(1).value_or("")}, row.at(2).value_or("")}];
    is_unique = row.at(3) == "0";
    columns.push_back(row.at(4).value_or(""));
  }
  for (const auto& [place, index] : indexes) {
    const auto table = tables.find(place.first);
    if (table == tables.end()) continue;
    if (place.second != "PRIMARY") {
      table->second.indexes.push_back(
          fmt::format("{}{} ({})", place.second, index.first ? " unique" : "", fmt::join(index.second, ", ")));
      continue;
    }
    table->second.key = index.second;
    for (MysqlColumn& column : table->second.columns) {
      const auto part = std::ranges::find(index.second, column.name);
      if (part != index.second.end()) column.key_position = static_cast<int>(part - index.second.begin()) + 1;
    }
  }
}

std::vector<MysqlTable> read_tables(MysqlConnection& connection, const std::string& where) {
  const MysqlRows rows = connection.query(
      "select table_schema, table_name, table_rows, table_schema <=> database(), if(table_type = 'VIEW', '', table_comment) from information_schema.tables where "
      "table_type in "
      "('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED') and " +
      where);
  std::map<Name, MysqlTable> tables;
  for (const auto& row : rows.rows) {
    MysqlTable table;
    table.database = row.at(0).value_or("");
    table.name = row.at(1).value_or("");
    table.expected_rows = whole(row.at(2));
    table.is_own_database = row.at(3) == "1";
    table.description = row.at(4).value_or("");
    tables.emplace(Name{table.database, table.name}, std::move(table));
  }
  std::vector<MysqlTable> result;
  if (tables.empty()) return result;
  read_columns(connection, where, tables);
  read_indexes(connection, where, tables);
  for (auto& [name, table] : tables)
    if (!table.columns.empty()) result.push_back(std::move(table));
  return result;
}

// The server's names may be told apart by their letters' case, or not: the one written just so comes first.
std::optional<MysqlTable> find_named(MysqlConnection& connection, const std::string& database,
                                     const std::string& name) {
  const std::string where =
      fmt::format("table_schema = {} and table_name = {}", database.empty() ? "database()" : mysql::literal(database),
                  mysql::literal(name));
  std::vector<MysqlTable> found = read_tables(connection, where);
  if (found.empty()) return std::nullopt;
  const auto exact = std::ranges::find(found, name, &MysqlTable::name);
  return std::move(exact == found.end() ? found.front() : *exact);
}

}  // namespace

std::string MysqlTable::quoted() const { return mysql::identifier(database) + "." + mysql::identifier(name); }

std::vector<MysqlTable> list_mysql_tables(MysqlConnection& connection) {
  return read_tables(connection,
                     connection.settings().database.empty()
                         ? "table_schema not in ('information_schema', 'mysql', 'performance_schema', 'sys')"
                         : "table_schema = database()");
}

std::optional<MysqlTable> find_mysql_table(MysqlConnection& connection, const std::string& from) {
  if (!connection.settings().database.empty())
    if (auto found = find_named(connection, "", from)) return found;
  const auto point = from.find('.');
  if (point == std::string::npos) return std::nullopt;
  return find_named(connection, from.substr(0, point), from.substr(point + 1));
}

}  // namespace lochan
