// JSON values. In headers that only name the type, include <nlohmann/json_fwd.hpp> instead.
#pragma once

#include <nlohmann/json.hpp>

namespace lochan {

using Json = nlohmann::json;

}  // namespace lochan
