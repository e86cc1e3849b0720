// Raw tables against their sources, where a run or `lochan check` audits them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "check/check.h"
#include "plan/analysis.h"
#include "source/totals.h"

namespace lochan {

/// What the sources of a raw table said when it was last published; by connection.
std::map<std::string, SourceTotals> published_totals(const Entry& entry);

/// The table's checks of this kind; none of most. `name` is what the session calls it.
std::vector<CheckResult> audit_reconciliations(Session& session, const Project& project, const Analysis& analysis, const TableName& table,
                                               const std::string& name, const std::map<std::string, SourceTotals>& totals);

}  // namespace lochan
