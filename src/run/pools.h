// The pools of connections: how many steps, of all runs of this lake, may use one at once. A command without outputs has a
// pool of its own, of one place. A place is a lock on a file, so
// whoever dies has given his back.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "project/project.h"

namespace lochan {

/// Held until destroyed.
using Places = std::vector<FileLock>;

/// May be shared between threads.
class Pools {
 public:
  /// The project must outlive it. `home` is `.lochan`.
  Pools(const Project& project, std::filesystem::path home) : project_(project), home_(std::move(home)) {}

  /// A place in the pool of each connection (or `command:clean_up`), those without a pool left out. All or none: nothing when one has no place now.
  std::optional<Places> try_take(std::span<const std::string> connections) const;

 private:
  const Project& project_;
  const std::filesystem::path home_;
};

}  // namespace lochan
