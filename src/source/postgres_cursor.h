// A column of PostgreSQL that only grows as a table's cursor. The server compares and finds the highest value, so each type
// keeps its own order.
#pragma once

#include <optional>
#include <string>

#include "base/postgres_connection.h"
#include "source/postgres_catalog.h"
#include "source/source.h"

namespace lochan {

class PostgresColumnCursor {
 public:
  /// Throws Error{Project} for a type that can't be a cursor, and for a lookback of one that is no time.
  PostgresColumnCursor(const SourceTable& table, const PostgresColumn& column);

  /// What holds of the rows that may be new, for the server; "": all rows (never read, or read by another column or type).
  std::string condition(PostgresConnection& connection, const Cursor& from);
  /// How far the rows reach for which `condition` holds, seen in the connection's snapshot. To be called after it.
  Extract reached(PostgresConnection& connection, const std::string& table, const Cursor& from) const;

 private:
  std::optional<std::string> highest(const Cursor& from) const;
  std::string cast(const std::string& text) const;

  const SourceTable& table_;
  const PostgresColumn& column_;
  std::optional<std::string> boundary_;
};

}  // namespace lochan
