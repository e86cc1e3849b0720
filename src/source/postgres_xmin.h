// `cursor: xmin`: the transaction that wrote a row as a table's cursor. Whatever a transaction commits, and however late, is
// read: everything below the horizon of the last snapshot was seen by it, everything else is looked at again.
#pragma once

#include <string>

#include "base/postgres_connection.h"
#include "source/postgres_catalog.h"
#include "source/postgres_snapshot.h"
#include "source/source.h"

namespace lochan {

class PostgresXminCursor {
 public:
  static constexpr std::string_view kName = "xmin";

  /// Throws Error{Project} for what has no xmin of its own (a view), and for a lookback.
  PostgresXminCursor(const SourceTable& wanted, const PostgresTable& table, PostgresSnapshot& snapshot);

  /// All but the select: how far the snapshot reaches, and whether the select must give all rows.
  Extract extract(const Cursor& from);
  /// What holds of the rows that may be new, for the server; "": all rows. To be called after `extract`.
  const std::string& condition() const { return condition_; }

 private:
  struct State;
  State now() const;

  const PostgresTable& table_;
  PostgresSnapshot& snapshot_;
  std::string condition_;
};

}  // namespace lochan
