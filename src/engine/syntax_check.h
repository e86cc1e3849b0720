// What a model's SQL may not say although the parser takes it.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "engine/syntax_tree.h"

namespace lochan {

/// Throws Error{Project} at the place in `file` for the first thing that is wrong. `names` are the tables that there
/// are.
void check_syntax(const SyntaxTree& tree, std::string_view sql, const std::string& file,
                  const std::set<std::string>& names);

}  // namespace lochan
