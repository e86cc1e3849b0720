#include "project/table_name.h"

#include <fmt/format.h>

#include "base/sql.h"
#include "project/scalar.h"

namespace lochan {

std::string to_string(const TableName& table) { return fmt::format("{}.{}", table.layer, table.name); }

std::string quoted(const TableName& table) {
  return fmt::format("{}.{}", sql::identifier(table.layer), sql::identifier(table.name));
}

std::optional<TableName> parse_table_name(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view layer = text.substr(0, dot);
  const std::string_view name = text.substr(dot + 1);
  if (!is_plain_word(layer) || !is_plain_word(name)) return std::nullopt;
  return TableName{std::string(layer), std::string(name)};
}

}  // namespace lochan
