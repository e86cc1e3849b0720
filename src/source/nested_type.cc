#include "source/nested_type.h"

#include "base/text.h"

namespace lochan {
namespace {

// Parts between commas that stand in no parentheses or quotes.
std::vector<std::string_view> split_parts(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  char quote = 0;
  std::size_t start = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char letter = text[at];
    if (quote != 0) {
      if (letter == quote) quote = 0;  // a doubled one opens again at once
    } else if (letter == '"' || letter == '\'') {
      quote = letter;
    } else if (letter == '(') {
      ++depth;
    } else if (letter == ')') {
      --depth;
    } else if (letter == ',' && depth == 0) {
      parts.push_back(text::trim(text.substr(start, at - start)));
      start = at + 1;
    }
  }
  parts.push_back(text::trim(text.substr(start)));
  return parts;
}

// `"b c" VARCHAR` → `b c` and the rest.
std::pair<std::string, std::string_view> split_name(std::string_view field) {
  if (!field.starts_with('"')) {
    const auto space = field.find(' ');
    if (space == std::string_view::npos) return {std::string(field), ""};
    return {std::string(field.substr(0, space)), text::trim(field.substr(space))};
  }
  std::string name;
  std::size_t at = 1;
  for (; at < field.size(); ++at) {
    if (field[at] == '"' && (at + 1 == field.size() || field[at + 1] != '"')) break;
    if (field[at] == '"') ++at;
    name += field[at];
  }
  return {name, at < field.size() ? text::trim(field.substr(at + 1)) : ""};
}

std::string_view within(std::string_view type, std::string_view word) {
  return type.substr(word.size(), type.size() - word.size() - 1);
}

}  // namespace

NestedType parse_nested(std::string_view type) {
  NestedType nested{NestedType::Kind::Plain, std::string(type)};
  if (type.ends_with(']')) {
    nested.kind = NestedType::Kind::List;
    nested.parts.emplace_back("", parse_nested(type.substr(0, type.rfind('['))));
  } else if (type.starts_with("STRUCT(") && type.ends_with(')')) {
    nested.kind = NestedType::Kind::Struct;
    for (const std::string_view field : split_parts(within(type, "STRUCT("))) {
      auto [name, of] = split_name(field);
      nested.parts.emplace_back(std::move(name), parse_nested(of));
    }
  } else if (type.starts_with("MAP(") && type.ends_with(')')) {
    nested.kind = NestedType::Kind::Map;
    for (const std::string_view part : split_parts(within(type, "MAP(")))
      nested.parts.emplace_back("", parse_nested(part));
  }
  return nested;
}

}  // namespace lochan
