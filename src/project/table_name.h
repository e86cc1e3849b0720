// A table's name in the lake: `layer.name`. The layers are one-level Iceberg namespaces.
#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lochan {

struct TableName {
  std::string layer;
  std::string name;

  friend std::strong_ordering operator<=>(const TableName& a, const TableName& b) {
    const auto order = a.layer <=> b.layer;
    return std::is_neq(order) ? order : a.name <=> b.name;
  }
  friend bool operator==(const TableName&, const TableName&) = default;
};

/// `raw.sale`, for people.
std::string to_string(const TableName& table);
/// `"raw"."sale"`, for SQL.
std::string quoted(const TableName& table);
/// Nothing unless the text is two plain words ([A-Za-z0-9_]+, no leading digit) with a dot between.
std::optional<TableName> parse_table_name(std::string_view text);

}  // namespace lochan

template <>
struct std::hash<lochan::TableName> {
  std::size_t operator()(const lochan::TableName& table) const noexcept {
    return std::hash<std::string>{}(table.layer) * 31 + std::hash<std::string>{}(table.name);
  }
};
