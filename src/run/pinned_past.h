// What old branches and tags keep of the lake beyond retention.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "catalog/retention.h"
#include "run/lake.h"

namespace lochan {

struct PinnedPast {
  std::string by;  // `branch dev-anna`, `tag year-end`
  std::int64_t publication = 0;
  Instant since;
  std::int64_t files = 0;  // that retention would let go without it; another such may keep them too
  std::uint64_t bytes = 0;
};

/// `files`: the lake's. Opens manifests when there is a branch or tag that is older than retention, else nothing.
std::vector<PinnedPast> pinned_past(Lake& lake, const Retention& retention, std::span<const ObjectInfo> files, Engine& engine);

}  // namespace lochan
