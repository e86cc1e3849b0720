// What `/metrics` answers: from sums that are rows of the state, from the catalog's rows, and of this process.
#pragma once

#include <string>

#include "catalog/table_sizes.h"
#include "run/lake.h"

namespace lochan {

/// May be shared between threads.
class Metrics {
 public:
  /// Runs and ticks that have ended since the last call are taken in first.
  std::string text(Lake& lake);

 private:
  TableSizes sizes_;
};

}  // namespace lochan
