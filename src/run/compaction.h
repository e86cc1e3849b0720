// Compaction on tending's own account: tables whose files have become too many, or hold too many deleted rows, are
// written anew, partition by partition, within a budget of bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/log.h"
#include "run/file_joins.h"
#include "run/lake.h"
#include "run/started_run.h"

namespace lochan {

struct CompactedTable {
  TableName table;
  int files_before = 0, files_after = 0;  // data and delete files of the whole table
  std::uint64_t read_bytes = 0, written_bytes = 0;
  std::int64_t publication = 0;  // 0 in a dry run
};

struct SkippedTable {
  TableName table;
  std::string reason;  // `budget`, `a run writes it`, `a run wanted it`, or an error
  bool is_error = false;
};

struct CompactionOutcome {
  std::vector<CompactedTable> tables;
  std::vector<SkippedTable> skipped;
  std::uint64_t read_bytes = 0, written_bytes = 0;
};

/// Which tables would be written anew, with what is known beforehand: `files_after` and `written_bytes` at most.
CompactionOutcome plan_compaction(Lake& lake, const MaintainConfig& config);

/// The most rewarding tables first, one claimed at a time. Each is published by itself and makes nothing stale. An
/// error in one table doesn't keep the others. `number` counts the run's branches.
CompactionOutcome compact_tables(Lake& lake, const MaintainConfig& config, Engine& engine, StartedRun& run, Log& log,
                                 int& number, const std::stop_token& stop);

}  // namespace lochan
