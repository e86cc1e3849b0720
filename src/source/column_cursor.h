// A column that only grows as a table's cursor: rows from the highest value seen, less the lookback, are looked at again.
#pragma once

#include <optional>
#include <string>

#include "source/source.h"

namespace lochan {

/// Rows with the highest value itself are read again, so that rows which share it are not lost; what is already in the log
/// is left out when loading. Rows whose cursor is null are read every time, for nothing says that they are old.
class ColumnCursor {
 public:
  /// Throws Error{Project} for a type that can't be a cursor, and for a lookback of one that is no time.
  ColumnCursor(const SourceTable& table, Column column);

  /// The lowest value that may be new, as text; nothing: all are (never read, or read by another column or type).
  std::optional<std::string> boundary(Session& session, const Cursor& from) const;

  /// `only_column` selects the cursor's column of just those rows that `select` gives; some may be below the boundary.
  Extract extract(Session& session, const std::string& only_column, const std::string& select,
                  const std::optional<std::string>& boundary, const Cursor& from) const;

 private:
  std::optional<std::string> reached(const Cursor& from) const;

  const SourceTable& table_;
  Column column_;
};

}  // namespace lochan
