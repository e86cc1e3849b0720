#include "project/http_config.h"

#include <fmt/format.h>

#include <array>
#include <regex>
#include <set>

#include "base/json.h"

namespace lochan {

std::string_view to_string(HttpPaging paging) {
  constexpr std::array<std::string_view, 7> kWords = {"none",   "header_link", "json_link", "cursor",
                                                      "offset", "page_number", "keyset"};
  return kWords[static_cast<std::size_t>(paging)];
}

const HttpSettings& http_settings(const Connection& connection) {
  static const HttpSettings kDefaults = [] {
    HttpSettings settings;
    settings.gate = std::make_shared<CallGate>(0, std::chrono::milliseconds{0});
    return settings;
  }();
  return connection.http ? *connection.http : kDefaults;
}

std::string http_fingerprint(const HttpResource& resource) {
  std::string text = fmt::format("{} {}|{}|{}", resource.method, *resource.path, *resource.body, *resource.records);
  for (const auto& [name, value] : resource.params) text += fmt::format("|?{}={}", name, value);
  for (const auto& [name, value] : resource.from_parent) text += fmt::format("|^{}={}", name, value);
  if (resource.parent) text += "|parent " + **resource.parent;
  if (!resource.each->empty()) text += fmt::format("|each {} {}", *resource.each, Json(resource.each_values).dump());
  if (resource.each_row)
    text += fmt::format("|each row in {} of {}{}", *resource.each_row->in, *resource.each_row->query,
                        resource.each_row->once ? " once" : "");
  if (resource.start) text += "|start " + **resource.start;
  const HttpPagination& pages = resource.pagination;
  text += fmt::format("|{} {} {} {} {} {} {}", to_string(pages.by), *pages.at, pages.param, pages.in_body, pages.size,
                      pages.size_param, pages.first);
  return text;
}

std::vector<std::string> names_in_braces(const HttpResource& resource) {
  static const std::regex kName(R"(\{([A-Za-z_][A-Za-z0-9_.]*)\})");
  std::set<std::string> names;
  const auto find = [&](const std::string& text) {
    for (std::sregex_iterator found(text.begin(), text.end(), kName), end; found != end; ++found)
      names.insert((*found)[1]);
  };
  find(*resource.path);
  find(*resource.body);
  for (const auto& [name, value] : resource.params) find(value);
  return {names.begin(), names.end()};
}

bool names_since(const HttpResource& resource) {
  const auto names = [](const std::string& text) { return text.find("$since") != std::string::npos; };
  if (names(*resource.path) || names(*resource.body)) return true;
  for (const auto& [name, value] : resource.params)
    if (names(value)) return true;
  return false;
}

}  // namespace lochan
