// The files of a lake that something can still reach: metadata, and through the manifests the data.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "catalog/object_store.h"
#include "catalog/retention.h"

namespace lochan {

/// Names in the store. No manifest is opened when nothing was built.
std::set<std::string> reachable_files(const std::vector<ReachableTable>& tables, ObjectStore& store);

}  // namespace lochan
