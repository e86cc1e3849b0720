// The links of a web page: how a server lists a folder.
#pragma once

#include <string>
#include <vector>

namespace lochan {

/// What its links lead to, whole URLs, in their order; none of what is no HTML.
std::vector<std::string> links_of_page(const std::string& html, const std::string& url);

}  // namespace lochan
