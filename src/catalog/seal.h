// Sealing: the one metadata file that a publication gives a table. It holds main's snapshots and only the branch's
// last, as if main had gone there in one step, so no reader ever sees a state that was not published.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/json.h"

namespace lochan {

struct SealRequest {
  const Json& branch;          // the table's metadata on the branch
  const Json* main = nullptr;  // and on main; null for a table that main doesn't have
  std::string main_location;
  std::int64_t instant_ms = 0;  // of the whole publication
  std::int64_t horizon_ms = 0;  // snapshots that main left before this instant are beyond retention
  int keep_snapshots = 100;     // and never more than these
  std::map<std::string, std::string> properties;
  bool data_unchanged = false;  // a rewrite: the data version stays
};

Json seal(const SealRequest& request);

/// The metadata main gets when it goes back to how `then` had the table: the history goes on, with the old snapshot,
/// schema, specs and properties current again. `main` is null when main doesn't have the table now; `location` is then
/// that of `then`, else that of `main`.
Json seal_rollback(const Json& then, const Json* main, const std::string& location, std::int64_t instant_ms);

}  // namespace lochan
