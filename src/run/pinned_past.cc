#include "run/pinned_past.h"

#include <algorithm>
#include <set>

#include "run/lake_files.h"

namespace lochan {

std::vector<PinnedPast> pinned_past(Lake& lake, const Retention& retention, std::span<const ObjectInfo> files, Engine& engine) {
  std::vector<PinnedPast> pasts;
  std::vector<Retention::Pin> pins = retention.pins();
  if (pins.empty()) return pasts;
  const std::string root = lake.store().root_uri();
  const std::set<std::string> kept = reachable_files(retention.reachable_by_policy(), root, engine);
  for (Retention::Pin& pin : pins) {
    std::erase_if(pin.reaches, &ReachableTable::is_immutable);  // those keep all, whoever reaches it
    const std::set<std::string> reached = reachable_files(pin.reaches, root, engine);
    PinnedPast past{pin.by, pin.publication, pin.since, 0, 0};
    for (const ObjectInfo& file : files) {
      if (!reached.contains(file.name) || kept.contains(file.name)) continue;
      ++past.files;
      past.bytes += file.size_bytes;
    }
    if (past.files > 0) pasts.push_back(past);
  }
  std::ranges::sort(pasts, std::greater{}, &PinnedPast::bytes);
  return pasts;
}

}  // namespace lochan
