// The landing's end: responses of APIs that are older than the project keeps them.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "catalog/object_store.h"
#include "run/lake.h"

namespace lochan {

/// Of all files of the lake those of extractions that may go: older than `retention: landing`, their table wanted by no run,
/// and the layer `raw` not immutable. An extraction goes whole.
std::vector<ObjectInfo> expired_landing(Lake& lake, std::span<const ObjectInfo> files, const std::set<TableName>& busy);

}  // namespace lochan
