// Adopting a lake: a project's state made again from the lake's files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "catalog/adopt.h"
#include "project/project.h"

namespace lochan {

/// With damaged files in the answer, nothing was adopted. Throws Error{Conflict} when the state isn't empty.
Adoption adopt_lake(const Project& project, const Clock& clock, std::optional<std::int64_t> at, const std::string& author);

}  // namespace lochan
