// All parts of the state's schema, in their order.
#pragma once

#include <span>

#include "base/migration.h"

namespace lochan {

std::span<const Migration> state_migrations();

}  // namespace lochan
