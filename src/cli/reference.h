// `--at N` and `--branch NAME`: which state of the lake a command reads.
#pragma once

#include <string>

#include "catalog/catalog.h"
#include "cli/options.h"

namespace lochan {

struct ReferenceOption {
  std::string at;  // a publication's number, a tag, or a time
  std::string branch;

  void add(Options& options);
  bool is_given() const { return !at.empty() || !branch.empty(); }
  /// "" for main as it is now, "at-17", or the branch. Throws Error{Usage} when both were given, {NotFound} for what is
  /// not kept.
  std::string ref(const Catalog& catalog) const;
};

}  // namespace lochan
