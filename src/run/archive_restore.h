// Days come back from the archive into their table.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "run/archive.h"

namespace lochan {

struct RestoreRequest {
  TableName table;
  std::string from, to;                                   // days, both included; "": no bound
  std::chrono::seconds stay{std::chrono::hours{24 * 7}};  // before it is archived again
  RetrievalTier tier = RetrievalTier::Standard;           // of what rests in S3
  std::string author;
};

/// Days that can't be read yet: S3 was asked for them now, or before.
struct RestingDays {
  std::vector<std::string> asked, awaited;
  std::string storage_class;  // of one of them
  std::string ready_within;   // of what was asked for now: "5 hours"
  int copies_stay_days = 0;
  bool is_empty() const { return asked.empty() && awaited.empty(); }
};

struct Restored {
  RestingDays resting;  // where it isn't empty, nothing was restored
  std::vector<ArchivedPartition> partitions;
  std::int64_t rows = 0;
  std::optional<std::int64_t> publication;
};

/// Brings days back into their table, in one publication that makes nothing stale. Throws Error{Conflict} when a run
/// writes the table.
Restored restore_archived(Lake& lake, const RestoreRequest& request);

}  // namespace lochan
