// As much of JSON Schema 2020-12 as our schema uses, to hold files against it.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace lochan {

/// YAML as JSON, plain scalars by YAML 1.2's core schema.
Json yaml_to_json(std::string_view yaml);

/// Where and what the first violation is; "" when there is none. `schema` is a part of `root`.
std::string find_violation(const Json& value, const Json& schema, const Json& root, const std::string& path = "");

}  // namespace lochan
