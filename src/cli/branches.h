// What commands about branches share: finding one by name, and dropping it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "cli/command.h"

namespace lochan {

/// An open or failed branch. Throws Error{Usage} with the nearest name.
Branch find_branch(const Catalog& catalog, const std::string& name);

/// Throws Error{Conflict} when a run is writing on it.
void drop_branch(Catalog& catalog, const std::string& name);

/// `lochan publish BRANCH`. Returns the exit code.
int publish_branch(Context& context, const std::string& branch, bool force, const OutputOption& output);

/// What of two states is compared, and how much of it is shown.
struct DiffOptions {
  std::string branch;
  std::vector<std::string> at;
  std::vector<std::string> tables;
  std::optional<std::int64_t> limit;
  OutputOption output;

  void add(Options& options);
};
/// `lochan diff`. Returns the exit code.
int show_diff(Context& context, const DiffOptions& options);

}  // namespace lochan
