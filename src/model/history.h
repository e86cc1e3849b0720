// What the columns of an scd2 model's SELECT are to its history, and the columns that the table has.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "project/column.h"
#include "project/project.h"

namespace lochan {

struct HistoryShape {
  std::vector<std::string> key;
  std::vector<std::string> compared;  // a version differs from the one before it in one of these
  std::vector<std::string> others;    // of the table: neither key nor compared nor time
  std::vector<Column> columns;        // of the table; the SELECT's without the mark of deletion come first
  std::vector<std::string> own;       // the names of those that come from the SELECT
  std::string time;           // the column that says since when a version holds; "": the SELECT gives the state of now
  std::string time_type;      // of it, and of `valid_from` and `valid_to`
  std::string loaded_at;      // `_loaded_at`, when the SELECT gives it and it isn't the time: the order of equal times
  std::string deleted;        // the column that is true of a deletion, or ""
  bool is_load_mark = false;  // `deleted` is `_deleted`: a load didn't find the key, at its `_loaded_at`
  HistoryDeletes deletes = HistoryDeletes::Close;

  bool is_snapshot() const { return time.empty(); }
  bool shows_deletions() const { return deletes == HistoryDeletes::NewRecord; }
  /// Whether a key may be without an open row: else a gap in its history is a fault.
  bool may_end() const { return deletes == HistoryDeletes::Close && (!deleted.empty() || is_snapshot()); }
};

/// `selected` are the columns that the SELECT gives, in types of the lake. Throws Error{Project} for columns that are
/// missing, of the wrong type or taken.
HistoryShape history_shape(const Model& model, std::span<const Column> selected);

}  // namespace lochan
