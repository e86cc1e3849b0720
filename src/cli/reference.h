// `--at N` and `--branch NAME`: which state of the lake a command reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/options.h"

namespace lochan {

struct ReferenceOption {
  std::optional<std::int64_t> at;
  std::string branch;

  void add(Options& options);
  /// "" for main as it is now, "at-17", or the branch. Throws Error{Usage} when both were given.
  std::string ref() const;
};

}  // namespace lochan
