// What differs between two states of the lake: tables, their columns, and their rows by key.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "run/lake.h"

namespace lochan {

struct DiffRequest {
  Ref before;  // at-16
  Ref after;   // at-17, or a branch
  std::vector<TableName> tables;  // none: all
  std::int64_t rows = 10;         // of each table, the most that are shown
};

enum class TableChange { Created, Dropped, Changed, Rewritten };
/// `created`, …; a rewritten one has the same rows in other files.
std::string_view to_string(TableChange change);

/// A column that is only on one side, or of another type: "" where it isn't.
struct ColumnChange {
  std::string column;
  std::string before;
  std::string after;
};

struct RowValue {
  std::string column;
  std::optional<std::string> before;  // null, or the row isn't there
  std::optional<std::string> after;
};

enum class RowChange { Added, Removed, Changed };
std::string_view to_string(RowChange change);

struct RowDiff {
  RowChange change = RowChange::Added;
  std::vector<RowValue> key;     // none when rows were compared as wholes
  std::vector<RowValue> values;  // of a changed row: only those that differ
};

struct TableDiff {
  TableName table;
  TableChange change = TableChange::Changed;
  std::string kind;                // `table`, `view`; `table to view` when it became another
  std::vector<ColumnChange> columns;
  std::optional<std::int64_t> rows_before;  // counted when rows may differ
  std::optional<std::int64_t> rows_after;
  std::vector<std::string> key;    // the columns that rows were told apart by; none: rows were compared as wholes
  std::int64_t added = 0;
  std::int64_t removed = 0;
  std::int64_t changed = 0;
  std::vector<RowDiff> rows;       // the first by key
};

/// Tables in the order of their names; those that are the same on both sides are left out. What is compared is counted
/// by the engine, in full; a table whose data version is the same on both sides is not opened.
std::vector<TableDiff> diff_lake(Lake& lake, const DiffRequest& request, std::stop_token stop);

}  // namespace lochan
