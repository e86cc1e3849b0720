#include "run/pools.h"

#include <fmt/format.h>

namespace lochan {

std::optional<Places> Pools::try_take(std::span<const std::string> connections) const {
  Places places;
  for (const std::string& name : connections) {
    const auto found = project_.connections.find(name);
    const int size = name.starts_with("command:") ? 1 : found == project_.connections.end() ? 0 : found->second.pool;
    if (size == 0) continue;
    std::optional<FileLock> place;
    for (int i = 0; i < size && !place; ++i)
      place = FileLock::try_acquire(home_ / "pools" / fmt::format("{}.{}.lock", name, i));
    if (!place) return std::nullopt;
    places.push_back(std::move(*place));
  }
  return places;
}

}  // namespace lochan
