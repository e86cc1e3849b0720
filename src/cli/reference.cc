#include "cli/reference.h"

#include <fmt/format.h>

#include "base/error.h"

namespace lochan {

void ReferenceOption::add(Options& options) {
  options.text("--at", at, "N|TAG|TIME", "the lake as of a publication (`lochan history`), a tag, or a time in UTC");
  options.text("--branch", branch, "BRANCH", "a branch: run-42 holds what run 42 held back");
}

std::string ReferenceOption::ref(const Catalog& catalog) const {
  if (!at.empty() && !branch.empty())
    throw Error(ErrorKind::Usage, "`--at` and `--branch` were both given")
        .hint("a branch has no publications of its own");
  if (!at.empty()) return fmt::format("at-{}", catalog.resolve_publication(at));
  return branch == "main" ? "" : branch;
}

}  // namespace lochan
