// The words for a branch's state: in the state database, in commands, in answers.
#pragma once

#include <string_view>

#include "catalog/catalog.h"

namespace lochan {

std::string_view to_string(BranchState state);
/// Throws Error{Data} for a word that this Lochan doesn't know.
BranchState parse_branch_state(std::string_view word);

}  // namespace lochan
