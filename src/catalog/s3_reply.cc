#include "catalog/s3_reply.h"

#include <fmt/format.h>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <charconv>
#include <sstream>

#include "base/error.h"

namespace lochan {
namespace {

using Tree = boost::property_tree::ptree;

std::optional<Tree> parse(std::string_view body) {
  try {
    Tree tree;
    std::istringstream text{std::string(body)};
    boost::property_tree::read_xml(text, tree);
    return tree;
  } catch (const boost::property_tree::xml_parser_error&) {
    return std::nullopt;
  }
}

// `encoding-type=url`: keys may hold what XML can't.
std::string decoded(const std::string& key) {
  std::string plain;
  for (std::size_t i = 0; i < key.size(); ++i) {
    int value = 0;
    if (key[i] == '%' && i + 2 < key.size() &&
        std::from_chars(&key[i + 1], &key[i + 3], value, 16).ptr == &key[i + 3]) {
      plain += static_cast<char>(value);
      i += 2;
    } else {
      plain += key[i] == '+' ? ' ' : key[i];
    }
  }
  return plain;
}

const Tree* find(const Tree& tree, const std::string& name) {
  for (const auto& [key, child] : tree) {
    if (key == name) return &child;
    if (const Tree* inner = find(child, name)) return inner;
  }
  return nullptr;
}

}  // namespace

S3Fault read_s3_fault(std::string_view body) {
  const auto tree = parse(body);
  if (!tree) return {};
  return {tree->get("Error.Code", ""), tree->get("Error.Message", ""), tree->get("Error.Region", "")};
}

S3Page read_s3_page(std::string_view body) {
  const auto tree = parse(body);
  const auto root = tree ? tree->get_child_optional("ListBucketResult") : boost::none;
  if (!root) throw Error(ErrorKind::Data, "the server's list of objects can't be read").hint("is the endpoint one of S3?");
  S3Page page;
  for (const auto& [key, child] : *root) {
    if (key != "Contents") continue;
    page.objects.push_back({decoded(child.get<std::string>("Key")), child.get<std::uint64_t>("Size"),
                            parse_instant(child.get<std::string>("LastModified")), child.get("ETag", "")});
  }
  if (root->get("IsTruncated", "false") == "true") page.next = root->get("NextContinuationToken", "");
  return page;
}

std::string failed_removal(std::string_view body) {
  const auto tree = parse(body);
  const auto failed = tree ? tree->get_child_optional("DeleteResult.Error") : boost::none;
  if (!failed) return {};
  return fmt::format("{}: {} {}", failed->get("Key", ""), failed->get("Code", ""), failed->get("Message", ""));
}

std::string s3_element(std::string_view body, std::string_view name) {
  const auto tree = parse(body);
  const Tree* found = tree ? find(*tree, std::string(name)) : nullptr;
  return found == nullptr ? "" : found->data();
}

}  // namespace lochan
