// The pools of connections: how many steps, of all runs of this lake on all its hosts, may use one at once. A command
// without outputs has a pool of its own, of one place.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "run/exclusive.h"

namespace lochan {

/// Held until destroyed.
using Places = std::vector<Exclusive>;

/// May be shared between threads.
class Pools {
 public:
  /// The lake must outlive it.
  explicit Pools(Lake& lake) : lake_(lake) {}

  /// A place in the pool of each connection (or `command:clean_up`), those without a pool left out. All or none:
  /// nothing when one has no place now.
  std::optional<Places> try_take(std::span<const std::string> connections) const;

 private:
  std::optional<Exclusive> take_one(const std::string& pool, int size) const;

  Lake& lake_;
};

}  // namespace lochan
