// Partition specs and sort orders of a table's metadata (spec: "Partitioning", "Sorting").
#pragma once

#include <map>
#include <string>

#include "base/json.h"

namespace lochan {

/// A request's spec or order, with the ids that its source columns got; unpartitioned and unsorted for null. Throws
/// Error{Usage} for a column that isn't there.
Json bind_spec(const Json& spec, const std::map<int, int>& by_old_id);
Json bind_order(const Json& order, const std::map<int, int>& by_old_id);

/// Adds a spec or order unless an equal one is there; returns its id in the table. A partition field without an id gets
/// the one that an equal field of an earlier spec has (v2: "Partition Evolution").
int add_spec(Json& metadata, const Json& spec);
int add_order(Json& metadata, const Json& order);

}  // namespace lochan
