// What a web page says: its links, which is how a server lists a folder, and its title.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lochan {

/// What its links lead to, whole URLs, in their order; none of what is no HTML.
std::vector<std::string> links_of_page(const std::string& html, const std::string& url);

bool is_page(std::string_view body);
/// As a message goes on with it: ", of the title `Sign in`"; "" where it has none.
std::string told_title(std::string_view html);

}  // namespace lochan
