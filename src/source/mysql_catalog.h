// What a database of MySQL holds, from its information_schema.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/mysql_connection.h"
#include "source/mysql_column.h"

namespace lochan {

/// A table or a view.
struct MysqlTable {
  std::string database;
  std::string name;
  bool is_own_database = true;  // the one that the connection's URL names
  std::int64_t expected_rows = 0;
  std::vector<MysqlColumn> columns;  // those that the user may read
  std::vector<std::string> key;
  std::vector<std::string> indexes;
  std::string description;
  std::map<std::string, std::string> descriptions;  // of columns

  /// What `from:` finds it by: `sale`, or `shop.sale` of another database.
  std::string shown() const { return is_own_database ? name : database + "." + name; }
  /// `shop`.`sale`, in backticks
  std::string quoted() const;
};

/// All that the user may see in the connection's database, by name; where the URL names none, in all but the server's
/// own.
std::vector<MysqlTable> list_mysql_tables(MysqlConnection& connection);
/// The one that `from` names: `sale` or `shop.sale`.
std::optional<MysqlTable> find_mysql_table(MysqlConnection& connection, const std::string& from);

}  // namespace lochan
