#include "catalog/entry_text.h"

#include <charconv>

#include "base/error.h"

namespace lochan {
namespace {

void pack(std::string& text, std::string_view part) {
  text += std::to_string(part.size());
  text += ':';
  text += part;
}

std::string_view unpack(std::string_view& text) {
  std::size_t size = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), size);
  const auto head = static_cast<std::size_t>(end - text.data()) + 1;
  if (failed != std::errc{} || head > text.size() || text.size() - head < size)
    throw Error(ErrorKind::Data, "an entry of the state is damaged").hint("restore an older copy of the state");
  const std::string_view part = text.substr(head, size);
  text.remove_prefix(head + size);
  return part;
}

}  // namespace

std::string pack_columns(const std::vector<Column>& columns) {
  std::string text;
  for (const Column& column : columns) {
    pack(text, column.name);
    pack(text, column.type);
    pack(text, column.nullable ? "" : "required");
  }
  return text;
}

std::vector<Column> unpack_columns(std::string_view text) {
  std::vector<Column> columns;
  while (!text.empty()) {
    Column column;
    column.name = unpack(text);
    column.type = unpack(text);
    column.nullable = unpack(text).empty();
    columns.push_back(std::move(column));
  }
  return columns;
}

std::string pack_properties(const std::map<std::string, std::string>& properties) {
  std::string text;
  for (const auto& [key, value] : properties) {
    pack(text, key);
    pack(text, value);
  }
  return text;
}

std::map<std::string, std::string> unpack_properties(std::string_view text) {
  std::map<std::string, std::string> properties;
  while (!text.empty()) {
    const std::string_view key = unpack(text);
    properties.emplace_hint(properties.end(), key, unpack(text));
  }
  return properties;
}

}  // namespace lochan
