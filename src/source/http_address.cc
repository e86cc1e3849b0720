#include "source/http_address.h"

#include <fmt/format.h>

#include "base/http_client.h"
#include "base/text.h"

namespace lochan {

std::string percent_encode(std::string_view text) {
  std::string encoded;
  for (const char letter : text) {
    const bool is_plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
                          letter == '-' || letter == '_' || letter == '.' || letter == '~';
    encoded += is_plain ? std::string(1, letter) : fmt::format("%{:02X}", static_cast<unsigned char>(letter));
  }
  return encoded;
}

std::string join_url(std::string_view base, std::string_view path) {
  if (path.starts_with("http://") || path.starts_with("https://")) return std::string(path);
  while (base.ends_with('/')) base.remove_suffix(1);
  while (path.starts_with('/')) path.remove_prefix(1);
  return path.empty() ? std::string(base) : fmt::format("{}/{}", base, path);
}

std::string without_parameter(const std::string& url, std::string_view name) {
  const auto question = url.find('?');
  if (question == std::string::npos || name.empty()) return url;
  std::string kept;
  const std::string start = percent_encode(name) + "=";
  for (const std::string& part : text::split(std::string_view(url).substr(question + 1), '&'))
    if (!part.empty() && !part.starts_with(start)) kept += (kept.empty() ? "?" : "&") + part;
  return url.substr(0, question) + kept;
}

std::string with_parameter(const std::string& url, std::string_view name, std::string_view value) {
  const std::string rest = without_parameter(url, name);
  return fmt::format("{}{}{}={}", rest, rest.find('?') == std::string::npos ? '?' : '&', percent_encode(name), percent_encode(value));
}

std::string origin_of(std::string_view url) {
  const std::string scheme = text::lower(url.substr(0, url.find("://")));
  std::string host = text::lower(host_of_url(url));
  if (host.rfind(':') == std::string::npos || host.ends_with(']')) host += scheme == "https" ? ":443" : ":80";
  return fmt::format("{}://{}", scheme, host);
}

std::string resolve_url(const std::string& url, const std::string& location) {
  if (location.starts_with("http://") || location.starts_with("https://")) return location;
  const auto authority = url.find("://");
  const auto path = url.find_first_of("/?#", authority + 3);
  const std::string root = url.substr(0, path);
  if (location.starts_with("//")) return url.substr(0, authority + 1) + location;
  if (location.starts_with('/')) return root + location;
  const std::string bare = url.substr(0, url.find('?'));
  if (location.starts_with('?')) return bare + location;
  const auto slash = bare.rfind('/');
  return (slash > authority + 2 && slash != std::string::npos ? bare.substr(0, slash) : root) + "/" + location;
}

std::string next_link(std::string_view header) {
  for (std::size_t at = 0; (at = header.find('<', at)) != std::string_view::npos;) {
    const auto end = header.find('>', at);
    if (end == std::string_view::npos) return "";
    const std::string url(header.substr(at + 1, end - at - 1));
    const auto following = header.find('<', end);
    const std::string parameters = text::lower(header.substr(end, following == std::string_view::npos ? following : following - end));
    if (parameters.find("rel=\"next\"") != std::string::npos || parameters.find("rel=next") != std::string::npos) return url;
    at = end;
  }
  return "";
}

}  // namespace lochan
