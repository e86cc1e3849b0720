#include "cli/reference.h"

#include <fmt/format.h>

#include "base/error.h"

namespace lochan {

void ReferenceOption::add(Options& options) {
  options.number("--at", at, "N", "the lake as of publication N (`lochan history` lists them)");
  options.text("--branch", branch, "BRANCH", "a branch: run-42 holds what run 42 held back");
}

std::string ReferenceOption::ref() const {
  if (at && !branch.empty())
    throw Error(ErrorKind::Usage, "`--at` and `--branch` were both given")
        .hint("a branch has no publications of its own");
  if (at) return fmt::format("at-{}", *at);
  return branch == "main" ? "" : branch;
}

}  // namespace lochan
