// What of a table may leave it when it grows old: rows that a later load compares with stay, and tables that something is
// built of as a whole.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "catalog/catalog.h"
#include "plan/analysis.h"
#include "project/project.h"

namespace lochan {

/// Which rows of an old day stay in the table.
struct Aging {
  bool is_raw = false;
  std::vector<std::string> key;  // of a raw table: the newest version of each key of a connection stays,
  std::string cursor;            // but for versions that lie below what a load may read again, by this column
  std::chrono::seconds margin{0};  // how far below the cursor that is, where it is a time

  bool keeps_some() const { return !key.empty() || !cursor.empty(); }
};

/// Nothing when all of the table's rows stay for ever.
std::optional<Aging> aging_of(const Project& project, const TableName& table);

/// Tables that a table or a sink is made of as a whole, each with what that is: "`staging.sale` is built of all of it".
std::map<TableName, std::string> read_whole(const Project& project, const Analysis& analysis);

/// A condition in SQL that says of each row of the table whether it stays: over the whole table, as it looks at other rows.
std::string stays_condition(const Aging& aging, const Entry& entry);

/// How far what has left a table reaches.
struct ArchivedReach {
  std::optional<Instant> loaded_at;            // no row that is archived was loaded later
  std::map<std::string, std::string> cursors;  // by connection: nor has one a higher value of the cursor's column
};
inline constexpr const char* kReachProperty = "lochan.archived_reach";
ArchivedReach reach_of(const Entry& entry);
std::string reach_property(const ArchivedReach& reach);

}  // namespace lochan
