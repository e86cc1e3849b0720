// The statements that make a history out of versions. Versions lie in relations with the SELECT's columns and
// `lochan_at` (since when), `lochan_deleted`, `lochan_rank` (of two for one key and time the higher is believed) and
// `lochan_floor` (of a row of the table, its beginning: no version that it stands for is placed before it).
#pragma once

#include <string>
#include <string_view>

#include "model/history.h"

namespace lochan {

/// Since when a row of the SELECT holds, as an expression over its columns; `prefix` is `n.` or "".
std::string since_when(const HistoryShape& shape, std::string_view prefix = "");
/// Whether a row of the SELECT is a deletion.
std::string is_deletion(const HistoryShape& shape, std::string_view prefix = "");
/// `a.x = b.x and …` for the key.
std::string same_key(const HistoryShape& shape, std::string_view left, std::string_view right);
/// `a.x is not distinct from b.x and …` for these columns; "true" for none.
std::string same_values(std::span<const std::string> columns, std::string_view left, std::string_view right);

/// The versions that rows of the SELECT are. `at` is when they hold; by default since_when().
std::string read_versions(const HistoryShape& shape, const std::string& rows, const std::string& at = "");
/// The same, each where it belongs among the others: a row that brings its key back holds since it was loaded.
std::string placed_versions(const HistoryShape& shape, const std::string& rows);
/// Where the last of the versions lies that a row of the table stands for, as an expression over its columns.
std::string last_seen(const HistoryShape& shape, std::string_view prefix = "");
/// The versions and deletions that rows of the table tell of. Those whose time is only told by another one's row yield
/// to any that the SELECT gives: where it still gives everything, they change nothing.
std::string known_versions(const HistoryShape& shape, const std::string& rows);
/// The table's rows for all that `versions` say of their keys: a function of the set, whatever the order.
std::string history(const HistoryShape& shape, const std::string& versions);

}  // namespace lochan
