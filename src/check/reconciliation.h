// A raw table against its source: what the source said of its whole table, in the snapshot of the load, and the log's live
// rows. The source's side comes from outside the table, so this check isn't a query of the table alone.
#pragma once

#include <map>
#include <string>

#include "check/check.h"
#include "source/totals.h"

namespace lochan {

/// Runs it in a session of the branch. `table` is `"lake_3"."raw"."sale"`; `totals` are by connection, as of the load that its
/// rows came with. Without any nothing was compared, and the check has failed. Each failing row is a number that differs.
CheckResult audit_reconciliation(Session& session, const CheckConfig& config, const SourceTable& source, const std::string& table,
                                 const std::map<std::string, SourceTotals>& totals);

}  // namespace lochan
