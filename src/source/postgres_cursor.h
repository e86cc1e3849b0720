// A column of PostgreSQL that only grows as a table's cursor. The server compares and finds the highest value, so each type
// keeps its own order.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/postgres_connection.h"
#include "source/postgres_catalog.h"
#include "source/source.h"

namespace lochan {

class PostgresColumnCursor {
 public:
  /// Throws Error{Project} for a type that can't be a cursor, and for a lookback of one that is no time.
  PostgresColumnCursor(const SourceTable& table, const PostgresColumn& column, const Cursor& from);

  /// What holds of the rows that may be new, for the server; "": all rows (never read, or read by another column or type).
  const std::string& condition() const { return condition_; }
  /// A query of one row: how far the rows reach for which `condition` holds.
  std::string question(const std::string& table) const;
  /// What the answer means, once it was seen in the snapshot of the rows.
  Extract reached(std::span<const PostgresValue> answer) const;

 private:
  std::optional<std::string> highest(const Cursor& from) const;
  std::string cast(const std::string& text) const;

  const PostgresColumn column_;
  std::optional<std::string> before_;    // the highest value that was read
  std::optional<std::string> boundary_;  // where to read on from, as the server computes it
  std::string condition_;
};

}  // namespace lochan
