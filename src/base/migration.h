// Forward steps of a state database's schema. Each part of the state (catalog, run) counts its own versions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/database.h"

namespace lochan {

/// The statements that lead a part from version `version - 1` to `version`. Never edited once released.
struct Migration {
  std::string_view part;
  int version;
  std::string_view sql;  // statements separated by ";\n"
};

/// Brings the state up to date in one transaction. Throws Error{Data} when the state is of a newer version than we know.
void migrate(Database& state, std::span<const Migration> migrations);

}  // namespace lochan
