// The files of a lake that something can still reach: metadata, and through the manifests the data.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "catalog/retention.h"
#include "engine/engine.h"

namespace lochan {

/// Names relative to the lake's root. Manifests are Avro, which the engine reads; none is opened when nothing was
/// built.
std::set<std::string> reachable_files(const std::vector<ReachableTable>& tables, const std::string& root_uri,
                                      Engine& engine);

}  // namespace lochan
