// The layer of the platform's own tables, such as `system.runs`: no table of a project may be in it.
#pragma once

#include <string_view>

namespace lochan {

inline constexpr std::string_view kSystemLayer = "system";

}  // namespace lochan
