#include "source/web_links.h"

#include <fmt/format.h>
#include <libxml/HTMLparser.h>

#include <functional>
#include <memory>

#include "base/text.h"
#include "source/http_address.h"

namespace lochan {
namespace {

void each_link(const xmlNode* node, const std::function<void(std::string)>& found) {
  for (; node != nullptr; node = node->next) {
    if (node->type == XML_ELEMENT_NODE && xmlStrcasecmp(node->name, BAD_CAST "a") == 0) {
      const std::unique_ptr<xmlChar, decltype(xmlFree)> link(xmlGetProp(node, BAD_CAST "href"), xmlFree);
      if (link) found(reinterpret_cast<const char*>(link.get()));
    }
    each_link(node->children, found);
  }
}

}  // namespace

std::vector<std::string> links_of_page(const std::string& html, const std::string& url) {
  std::vector<std::string> links;
  const std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)> page(
      htmlReadMemory(html.data(), static_cast<int>(html.size()), url.c_str(), nullptr,
                     HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET),
      xmlFreeDoc);
  if (page)
    each_link(xmlDocGetRootElement(page.get()),
              [&](const std::string& link) { links.push_back(resolve_url(url, link)); });
  return links;
}

bool is_page(std::string_view body) {
  const std::string lower = text::lower(text::trim(body).substr(0, 20));
  return lower.starts_with("<html") || lower.starts_with("<!doctype html");
}

std::string told_title(std::string_view html) {
  const std::string lower = text::lower(html.substr(0, 4000));
  const auto begin = lower.find("<title>");
  const auto end = lower.find("</title>");
  if (begin == std::string::npos || end == std::string::npos || end < begin) return "";
  return fmt::format(", of the title `{}`", text::trim(html.substr(begin + 7, end - begin - 7)));
}

}  // namespace lochan
