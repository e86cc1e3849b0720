// Models in databases as the plan sees them: each database is asked what they read and whether they are stale.
#pragma once

#include "plan/analysis.h"

namespace lochan {

/// Adds them to the analysis, which knows the lake's tables. What is wrong with one is its `problem`, and none of the
/// project's: what it reads may be on its way there.
void analyse_databases(const Project& project, Analysis& analysis);

/// What a source will find in a table that isn't there before a model of the project has made it; nothing when no model
/// makes it. Throws what is wrong with that model.
std::optional<std::vector<Column>> columns_to_come(const Project& project, const Connection& connection,
                                                   const SourceTable& table);

}  // namespace lochan
