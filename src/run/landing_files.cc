#include "run/landing_files.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "source/landed_bytes.h"
#include "source/landing.h"

namespace lochan {

std::vector<ObjectInfo> expired_landing(Lake& lake, std::span<const ObjectInfo> files, const std::set<TableName>& busy) {
  const auto& layers = lake.project().layers;
  if (const auto raw = layers.find("raw"); raw != layers.end() && raw->second.immutable) return {};
  const Instant before = lake.clock().now() - lake.project().retention.landing;
  std::map<std::string, std::vector<ObjectInfo>> extractions;
  for (const ObjectInfo& file : files) {
    const std::vector<std::string> parts = text::split(file.name, '/');
    if (parts.size() < 5 || parts[0] != kLandingFolder || busy.contains(TableName{"raw", parts[2]})) continue;
    if (parts[3] == kLandedFiles) continue;  // rows of a table name them
    extractions[parts[1] + "/" + parts[2] + "/" + parts[3]].push_back(file);
  }
  std::vector<ObjectInfo> expired;
  for (const auto& [name, objects] : extractions)
    if (std::ranges::all_of(objects, [&](const ObjectInfo& object) { return object.modified_at < before; }))
      expired.insert(expired.end(), objects.begin(), objects.end());
  return expired;
}

}  // namespace lochan
