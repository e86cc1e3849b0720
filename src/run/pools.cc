#include "run/pools.h"

#include <fmt/format.h>

namespace lochan {

std::optional<Places> Pools::try_take(std::span<const std::string> connections) const {
  const auto& configs = lake_.project().connections;
  Places places;
  for (const std::string& name : connections) {
    const auto found = configs.find(name);
    const int size = name.starts_with("command:") ? 1 : found == configs.end() ? 0 : found->second.pool;
    if (size == 0) continue;
    auto place = take_one(name, size);
    if (!place) return std::nullopt;
    places.push_back(std::move(*place));
  }
  return places;
}

std::optional<Exclusive> Pools::take_one(const std::string& pool, int size) const {
  for (int i = 0; i < size; ++i)
    if (auto place = Exclusive::try_take(lake_, fmt::format("pools/{}.{}", pool, i))) return place;
  return std::nullopt;
}

}  // namespace lochan
