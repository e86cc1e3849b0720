// How a table in PostgreSQL is partitioned by time: `month(dt)`.
#pragma once

#include <optional>
#include <string>

namespace lochan {

struct RangePartition {
  std::string unit;  // year, month or day
  std::string column;
};

/// Nothing when it is written in another way.
std::optional<RangePartition> parse_range_partition(const std::string& text);

}  // namespace lochan
