// Lifecycle: what a layer's tables hold longer than the project wants goes to the archive, and later away.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/log.h"
#include "run/archive.h"
#include "run/compaction.h"

namespace lochan {

struct AgedTable {
  TableName table;
  std::vector<std::string> archived, deleted;  // days
  std::int64_t archived_rows = 0;
  std::int64_t publication = 0;  // 0 in a dry run
};

struct LifecycleOutcome {
  std::vector<AgedTable> tables;
  std::vector<SkippedTable> skipped;
  std::int64_t removed_copies = 0;  // from the archive
};

/// Whether days of the table may leave it: it is partitioned by `dt`, and nothing that is done with it needs all of it.
bool may_age(const Project& project, const TableName& table);

/// What would be done now.
LifecycleOutcome plan_lifecycle(Lake& lake);

/// Each table is published by itself, as it was but for those days; nothing becomes stale.
LifecycleOutcome apply_lifecycle(Lake& lake, Engine& engine, StartedRun& run, Log& log, int& number);

}  // namespace lochan
