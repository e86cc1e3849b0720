// The statements that make a history out of versions. Versions lie in relations with the SELECT's columns and
// `lochan_at` (since when), `lochan_deleted`, and `lochan_rank`: of two for one key and time the higher is believed.
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
/// The versions and deletions that rows of the table stand for.
std::string known_versions(const HistoryShape& shape, const std::string& rows);
/// The table's rows for all that `versions` say of their keys: a function of the set, whatever the order.
std::string history(const HistoryShape& shape, const std::string& versions);

}  // namespace lochan
