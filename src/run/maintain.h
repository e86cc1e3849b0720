// Tending: what nothing can reach is deleted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "run/lake.h"
#include "run/ticks.h"

namespace lochan {

struct MaintainRequest {
  bool dry_run = false;
  std::optional<TickKey> tick{};  // it is the run of this tick
};

struct MaintainOutcome {
  std::vector<std::string> removed_files;  // relative to the lake
  std::uint64_t removed_bytes = 0;
  int expired_publications = 0;
  int dropped_branches = 0;
  std::vector<TableName> busy;  // claimed by a run: left alone
};

MaintainOutcome maintain(Lake& lake, const MaintainRequest& request, Log& log);

}  // namespace lochan
