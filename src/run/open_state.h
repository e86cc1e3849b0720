// The state's database as the project names it.
#pragma once

#include <memory>

#include "base/database.h"
#include "project/state_config.h"

namespace lochan {

/// Opens or makes it; its rows may be of any version. Throws Error as open_sqlite and open_postgres do.
std::unique_ptr<Database> open_state(const StateConfig& state);

/// Whether anything was ever written there. Makes nothing.
bool has_state(const StateConfig& state);

}  // namespace lochan
