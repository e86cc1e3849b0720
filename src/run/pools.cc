#include "run/pools.h"

#include <fmt/format.h>

namespace lochan {

std::optional<Places> Pools::try_take(std::span<const std::string> connections) const {
  Places places;
  for (const std::string& name : connections) {
    const auto found = project_.connections.find(name);
    if (found == project_.connections.end() || found->second.pool == 0) continue;
    std::optional<FileLock> place;
    for (int i = 0; i < found->second.pool && !place; ++i)
      place = FileLock::try_acquire(home_ / "pools" / fmt::format("{}.{}.lock", name, i));
    if (!place) return std::nullopt;
    places.push_back(std::move(*place));
  }
  return places;
}

}  // namespace lochan
