// What this machine calls itself.
#pragma once

#include <string>

namespace lochan {

/// `localhost` where it has no name.
std::string host_name();

}  // namespace lochan
