// What a PostgreSQL database holds, from its system catalogs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/postgres_connection.h"
#include "source/postgres_column.h"

namespace lochan {

/// A table, partitioned table, view, materialized view or foreign table.
struct PostgresTable {
  std::string oid;
  std::string schema;
  std::string name;
  char kind = 'r';          // of pg_class.relkind: r, p, v, m, f
  bool is_visible = false;  // found without its schema
  bool may_read = false;    // by the connection's role
  bool has_row_rules = false;
  double expected_rows = 0;
  std::string description;
  std::vector<PostgresColumn> columns;
  std::vector<std::string> key;
  std::vector<std::string> indexes;
  std::map<std::string, std::string> descriptions;  // of columns

  /// What `from:` finds it by: `sale`, or `shop.sale` outside the search path.
  std::string shown() const { return is_visible ? name : schema + "." + name; }
  /// `"shop"."sale"`
  std::string quoted() const;
};

/// All of them but partitions, which come with their table, and the system's own; by name.
std::vector<PostgresTable> list_postgres_tables(PostgresConnection& connection);
/// Those that these names lead to: `sale`, `shop.sale`, or quoted as in SQL. A partition may be named. Two questions, however many
/// they are; without indexes, which are for people.
std::vector<std::optional<PostgresTable>> find_postgres_tables(PostgresConnection& connection, std::span<const std::string> names);
std::optional<PostgresTable> find_postgres_table(PostgresConnection& connection, const std::string& from);

/// The beginning of a query that goes on from `found(place, oid)`: for the names in `$1`, by their place from 1, the tables
/// they lead to.
std::string with_found_postgres_tables();
/// An array of texts, as a value.
std::string postgres_texts(std::span<const std::string> texts);

}  // namespace lochan
