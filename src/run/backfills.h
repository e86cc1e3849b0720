// Backfills that were asked for, as rows of the state: what to build, and whether it came to its end. How far one got
// is not here: each table's property `lochan.backfill` says it, published with the rows.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/migration.h"
#include "catalog/catalog.h"
#include "project/time_range.h"

namespace lochan {

struct BackfillRecord {
  std::int64_t backfill = 0;
  std::string target;
  std::vector<TableName> tables;
  TimeRange range;
  std::chrono::seconds chunk{0};
  std::string author;
  Instant started_at;
};

class Backfills {
 public:
  static std::span<const Migration> migrations();
  explicit Backfills(Database& state) : state_(state) {}

  /// Those that have not ended, newest first.
  std::vector<BackfillRecord> open() const;
  /// Gives it its number.
  std::int64_t insert(BackfillRecord record);
  void finish(std::int64_t backfill, Instant at);

 private:
  Database& state_;
};

/// `lochan.backfill` and back: `3 2024-01-01/2024-02-01`, the ranges that a backfill has published of a table.
TimeRanges backfilled(const Entry& entry, std::int64_t backfill);
std::string backfill_property(std::int64_t backfill, const TimeRanges& ranges);

}  // namespace lochan
