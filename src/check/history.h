// A table with history is whole: each key has one version at a time, without gaps, and one open row while it lives.
// Every scd2 table has this check; it can't be left out.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "check/check.h"

namespace lochan {

inline constexpr std::string_view kHistoryCheck = "history";

/// The check of a table, as if it had been written down. `is_gapless`: its keys never end.
CheckConfig history_check(const Model& model, bool is_gapless);

/// Runs it in a session of the branch, on the versions of `touched` keys (a temporary table of the session; "": all)
/// and on each row of the whole table alone. `table` is `"lake_3"."staging"."product"`.
CheckResult audit_history(Session& session, const CheckConfig& config, const TableName& name, const std::string& table,
                          const std::string& touched);

}  // namespace lochan
