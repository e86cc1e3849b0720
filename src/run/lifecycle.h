// Lifecycle: what a layer's tables hold longer than the project wants goes to the archive, and later away.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/database.h"
#include "base/log.h"
#include "base/migration.h"
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

/// When tending last looked which rows of a table may leave it: where it has to look at all keys for that, once a day.
class AgingLooks {
 public:
  static std::span<const Migration> migrations();
  explicit AgingLooks(Database& state) : state_(state) {}

  /// The day, in UTC; "" when it never did.
  std::string last(const TableName& table) const;
  void save(const TableName& table, const std::string& day);

 private:
  Database& state_;
};

/// What would be done now.
LifecycleOutcome plan_lifecycle(Lake& lake);

/// Each table is published by itself, as it was but for those days; nothing becomes stale.
LifecycleOutcome apply_lifecycle(Lake& lake, Engine& engine, StartedRun& run, Log& log, int& number, const std::stop_token& stop);

}  // namespace lochan
