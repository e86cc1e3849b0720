#include "catalog/branch_state.h"

#include <fmt/format.h>

#include "base/error.h"

namespace lochan {

std::string_view to_string(BranchState state) {
  switch (state) {
    case BranchState::Open:
      return "open";
    case BranchState::Published:
      return "published";
    case BranchState::Failed:
      return "failed";
    case BranchState::Dropped:
      return "dropped";
  }
  return "";
}

BranchState parse_branch_state(std::string_view word) {
  for (const BranchState state : {BranchState::Open, BranchState::Published, BranchState::Failed, BranchState::Dropped})
    if (to_string(state) == word) return state;
  throw Error(ErrorKind::Data, fmt::format("a branch has the state `{}`, which this Lochan doesn't know", word));
}

}  // namespace lochan
