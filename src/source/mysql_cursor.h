// A column of MySQL that only grows as a table's cursor. The server compares and finds the highest value, so each type,
// and each collation, keeps its own order.
#pragma once

#include <optional>
#include <string>

#include "base/mysql_connection.h"
#include "source/mysql_catalog.h"
#include "source/source.h"

namespace lochan {

class MysqlColumnCursor {
 public:
  /// Throws Error{Project} for a type that can't be a cursor, and for a lookback of one that is no time.
  MysqlColumnCursor(const SourceTable& table, const MysqlColumn& column);

  /// What holds of the rows that may be new, for the server; "": all rows (never read, or read by another column or
  /// type).
  std::string condition(MysqlConnection& connection, const Cursor& from);
  /// How far the rows reach for which `condition` holds, seen in the connection's snapshot. To be called after it.
  Extract reached(MysqlConnection& connection, const std::string& table, const Cursor& from) const;

 private:
  std::optional<std::string> highest(const Cursor& from) const;
  std::string written(const std::string& text) const;

  const SourceTable& table_;
  const MysqlColumn& column_;
  bool is_time_ = false;
  bool is_number_ = false;
  std::optional<std::string> boundary_;
};

}  // namespace lochan
