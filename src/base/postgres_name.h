// The name of a table or view in PostgreSQL.
#pragma once

#include <compare>
#include <string>

#include "base/sql.h"

namespace lochan {

struct PostgresName {
  std::string schema;
  std::string name;

  /// For SQL.
  std::string quoted() const { return sql::identifier(schema) + "." + sql::identifier(name); }
  /// For people.
  std::string text() const { return schema + "." + name; }

  friend std::strong_ordering operator<=>(const PostgresName& a, const PostgresName& b) {
    const auto order = a.schema <=> b.schema;
    return std::is_neq(order) ? order : a.name <=> b.name;
  }
  friend bool operator==(const PostgresName&, const PostgresName&) = default;
};

}  // namespace lochan
