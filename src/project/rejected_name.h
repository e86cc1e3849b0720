// The name of the table that a table's refused records go to: `raw.sale__rejected`.
#pragma once

#include <optional>

#include "project/table_name.h"

namespace lochan {

inline constexpr std::string_view kRejectedEnding = "__rejected";

inline TableName rejected_table(const TableName& table) {
  return {table.layer, table.name + std::string(kRejectedEnding)};
}

/// The table whose refused records are there; nothing for any other name.
inline std::optional<TableName> rejected_of(const TableName& table) {
  if (table.name.size() <= kRejectedEnding.size() || !table.name.ends_with(kRejectedEnding)) return std::nullopt;
  return TableName{table.layer, table.name.substr(0, table.name.size() - kRejectedEnding.size())};
}

}  // namespace lochan
