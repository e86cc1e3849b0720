#include "source/xml_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/text.h"

namespace lochan {
namespace {

constexpr std::string_view kText = "_text";

std::string_view as_view(const xmlChar* text) {
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}

void append_escaped(char letter, std::string& out) {
  switch (letter) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(letter));
  }
}

// libxml2 gives UTF-8 that is sound.
void append_string(std::string_view text, std::string& out) {
  out += '"';
  std::size_t from = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (static_cast<unsigned char>(text[at]) >= 0x20 && text[at] != '"' && text[at] != '\\') continue;
    out += text.substr(from, at - from);
    append_escaped(text[at], out);
    from = at + 1;
  }
  out += text.substr(from);
  out += '"';
}

bool is_text(const xmlNode* node) { return node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE; }

// All that stands in the element itself.
std::string text_of(const xmlNode* node) {
  std::string text;
  for (const xmlNode* child = node->children; child != nullptr; child = child->next)
    if (is_text(child)) text += as_view(child->content);
  return std::string(text::trim(text));
}

bool has_members(const xmlNode* node) {
  if (node->properties != nullptr) return true;
  for (const xmlNode* child = node->children; child != nullptr; child = child->next)
    if (child->type == XML_ELEMENT_NODE) return true;
  return false;
}

}  // namespace

XmlJson::Level XmlJson::open(const xmlNode* node) {
  const Level level{members_.size(), names_.size()};
  for (const xmlAttr* attribute = node->properties; attribute != nullptr; attribute = attribute->next)
    put(level, as_view(attribute->name), {nullptr, attribute});
  for (const xmlNode* child = node->children; child != nullptr; child = child->next)
    if (child->type == XML_ELEMENT_NODE) put(level, as_view(child->name), {child, nullptr});
  if (std::string text = text_of(node); !text.empty()) put(level, kText, {nullptr, nullptr, std::move(text)});
  return level;
}

void XmlJson::close(const Level& level) {
  members_.resize(level.members);
  names_.resize(level.names);
}

void XmlJson::put(const Level& level, std::string_view name, Member member) {
  const std::size_t at = members_.size();
  members_.push_back(std::move(member));
  const auto there = std::find_if(names_.begin() + static_cast<std::ptrdiff_t>(level.names), names_.end(),
                                  [&](const Name& other) { return other.name == name; });
  if (there == names_.end()) {
    names_.push_back({name, at, at});
  } else {
    members_[there->last].next = at;
    there->last = at;
  }
}

bool XmlJson::is_structured(const Member& member) const {
  return member.next != 0 || (member.element != nullptr && has_members(member.element));
}

// An element with nothing but text is that text, and one with nothing null.
void XmlJson::append_member(std::size_t at, std::string& out) {
  const Member& member = members_[at];
  if (member.attribute != nullptr) {
    const std::unique_ptr<xmlChar, decltype(xmlFree)> value(
        xmlNodeListGetString(member.attribute->doc, member.attribute->children, 1), xmlFree);
    append_string(as_view(value.get()), out);
  } else if (member.element == nullptr) {
    append_string(member.text, out);
  } else if (has_members(member.element)) {
    append_object(member.element, out);
  } else if (const std::string text = text_of(member.element); !text.empty()) {
    append_string(text, out);
  } else {
    out += "null";
  }
}

void XmlJson::append_members(std::size_t first, std::string& out) {
  if (members_[first].next == 0) return append_member(first, out);
  out += '[';
  for (std::size_t at = first; at != 0; at = members_[at].next) {
    if (at != first) out += ',';
    append_member(at, out);
  }
  out += ']';
}

void XmlJson::append_object(const xmlNode* node, std::string& out) {
  const Level level = open(node);
  const std::size_t end = names_.size();
  out += '{';
  for (std::size_t at = level.names; at < end; ++at) {
    if (at > level.names) out += ',';
    append_string(names_[at].name, out);
    out += ':';
    append_members(names_[at].first, out);
  }
  out += '}';
  close(level);
}

// Records of a file mostly have the same columns in the same order.
TextKinds& XmlJson::kinds_of(std::string_view name, std::size_t number) {
  if (number < columns_.size() && columns_[number].name == name) return columns_[number].kinds;
  const auto there = std::ranges::find(columns_, name, &TextColumn::name);
  if (there != columns_.end()) return there->kinds;
  columns_.push_back({std::string(name), {}});
  return columns_.back().kinds;
}

void XmlJson::append_column(const Name& name, std::size_t number, std::string& out) {
  TextKinds& kinds = kinds_of(name.name, number);
  if (is_structured(members_[name.first])) {
    nested_.clear();
    append_members(name.first, nested_);
    append_string(nested_, out);
    kinds.take("{}");
    return;
  }
  const std::size_t from = out.size();
  append_member(name.first, out);
  const std::string_view written = std::string_view(out).substr(from);
  if (written.starts_with('"')) kinds.take(written.substr(1, written.size() - 2));
}

void XmlJson::append_record(const xmlNode* node, std::string& out) {
  const Level level = open(node);
  out += '{';
  for (std::size_t at = level.names; at < names_.size(); ++at) {
    if (at > level.names) out += ',';
    append_string(names_[at].name, out);
    out += ':';
    append_column(Name(names_[at]), at - level.names, out);
  }
  out += '}';
  close(level);
}

}  // namespace lochan
