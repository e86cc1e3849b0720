// Which tables can have their rejected records tried again, and what a replay would do.
#pragma once

#include "engine/replay.h"
#include "plan/analysis.h"
#include "run/planning.h"

namespace lochan {

/// Throws Error{Usage} with what to do instead for a table whose rejected rows come in otherwise: one that is made from
/// its SQL again and again, one that must be built anew, one that is held.
void require_replayable(const Project& project, const Plan& plan);

/// `lake` is what the asking session has attached the ref by. `at` is an instant.
ReplayQuestion replay_question(const Project& project, const Analysis& analysis, const Entry& table, const std::string& lake,
                               const ReplayPart& part, const std::string& at);

/// What the request, with `replay` and one table, would do. Writes nothing.
ReplayCounts count_replay(Lake& lake, const RunRequest& request);

}  // namespace lochan
