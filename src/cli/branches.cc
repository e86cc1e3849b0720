#include "cli/branches.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace lochan {

Branch find_branch(const Catalog& catalog, const std::string& name) {
  std::vector<std::string> names;
  for (const Branch& branch : catalog.branches()) {
    if (branch.name == name) return branch;
    names.push_back(branch.name);
  }
  if (name == "main")
    throw Error(ErrorKind::Usage, "`main` is what everybody reads, not a branch of it")
        .hint("`lochan branch list` shows the branches");
  throw Error(ErrorKind::Usage, fmt::format("no branch `{}`", name))
      .hint(text::did_you_mean(
          name, names, names.empty() ? "there are no branches now" : "`lochan branch list` shows the branches"));
}

void drop_branch(Catalog& catalog, const std::string& name) {
  const Branch branch = find_branch(catalog, name);
  if (branch.kind == BranchKind::Run && branch.state == BranchState::Open)
    throw Error(ErrorKind::Conflict, fmt::format("a run is working on `{}`", name))
        .hint("stop the run first: Ctrl-C where it runs");
  catalog.mark_branch(name, BranchState::Dropped);
}

}  // namespace lochan
