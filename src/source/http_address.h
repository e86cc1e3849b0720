// URLs of an API: put together, taken apart, and shown without secrets.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace lochan {

/// Letters that a value in a query or a path may not hold become %41.
std::string percent_encode(std::string_view text);
/// `https://api.example.com/v1` and `users/7`, whatever slashes they have between them; a whole URL stands for itself.
std::string join_url(std::string_view base, std::string_view path);
/// With one more parameter; one of the name that is there is replaced.
std::string with_parameter(const std::string& url, std::string_view name, std::string_view value);
std::string without_parameter(const std::string& url, std::string_view name);
/// "https://api.example.com:443": who is asked. Credentials stay with it.
std::string origin_of(std::string_view url);
/// What a `Location`, or a link, means at `url`.
std::string resolve_url(const std::string& url, const std::string& location);
/// The URL with `rel="next"` of a header `Link`; "" when there is none.
std::string next_link(std::string_view header);

}  // namespace lochan
