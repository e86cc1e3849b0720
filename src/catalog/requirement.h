// What a commit requires of the table it was made for (REST spec: TableRequirement).
#pragma once

#include "base/json.h"

namespace lochan {

/// `metadata` is null for a table that isn't there. Throws Error{Conflict} (409) for one that doesn't hold,
/// Error{Usage} (400) for one that is unknown.
void check_requirements(const Json* metadata, const Json& requirements);

/// Whether the commit is to make the table.
bool asserts_create(const Json& requirements);

}  // namespace lochan
