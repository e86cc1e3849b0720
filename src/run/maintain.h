// Tending: tables of too many files are written anew, and what nothing can reach is deleted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "run/compaction.h"
#include "run/lake.h"
#include "run/lifecycle.h"
#include "run/pinned_past.h"
#include "run/ticks.h"

namespace lochan {

struct MaintainRequest {
  bool dry_run = false;
  std::optional<TickKey> tick{};  // it is the run of this tick
  std::optional<std::uint64_t> budget_bytes{};  // in place of the project's
  std::string author{};
};

struct MaintainOutcome {
  LifecycleOutcome lifecycle;
  CompactionOutcome compaction;
  std::vector<std::string> removed_files;  // relative to the lake
  std::uint64_t removed_bytes = 0;
  int expired_publications = 0;
  int dropped_branches = 0;
  std::vector<PinnedPast> pinned;  // by old branches and tags
  std::vector<TableName> busy;  // claimed by a run: nothing of theirs was removed

  /// Something could not be done with a table, and not because a run wanted it.
  bool has_failed() const;
};

MaintainOutcome maintain(Lake& lake, const MaintainRequest& request, Log& log);

}  // namespace lochan
