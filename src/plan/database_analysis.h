// Models in databases as the plan sees them: each database is asked what they read and whether they are stale.
#pragma once

#include "plan/analysis.h"

namespace lochan {

/// Adds them to the analysis, which knows the lake's tables. What is wrong with one is its `problem`, and none of the
/// project's: what it reads may be on its way there.
void analyse_databases(const Project& project, Analysis& analysis);

}  // namespace lochan
