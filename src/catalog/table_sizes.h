// How large the lake's tables are: files as their metadata counts them, bytes as they lie in the table's folder, with
// what only earlier publications reach.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "catalog/catalog.h"

namespace lochan {

struct TableSize {
  std::int64_t data_files = 0;
  std::int64_t delete_files = 0;
  std::uint64_t bytes = 0;
};

/// Looks again at tables that have changed, and at each one now and then, as tending removes files. May be shared between
/// threads.
class TableSizes {
 public:
  /// Zeroes for views, and for tables whose files can't be read now.
  TableSize of(Catalog& catalog, ObjectStore& store, const Entry& entry, Instant now);

 private:
  struct Known {
    std::string metadata_location;
    Instant at{};
    TableSize size;
  };
  std::mutex mutex_;
  std::map<TableName, Known> known_;  // guarded by mutex_
};

}  // namespace lochan
