// What a source says of a whole table, in the snapshot that its rows were read in: for the check `reconciliation`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "project/column.h"
#include "project/project.h"

namespace lochan {

inline constexpr std::string_view kReconciliationCheck = "reconciliation";

struct ColumnTotals {
  std::string column;
  std::string type;                // in the lake
  std::optional<std::string> sum;  // none of a time, nor of a column without values
  std::optional<std::string> min, max;
};

struct SourceTotals {
  std::int64_t rows = 0;
  std::vector<ColumnTotals> columns;
};

/// Whether the table's totals are wanted at all.
bool is_reconciled(const SourceTable& table);

/// The columns that its `reconciliation` checks name. Throws Error{Data} for one that isn't there, or is neither a number
/// nor a time.
std::vector<Column> reconciled_columns(const SourceTable& table, std::span<const Column> columns);

/// The aggregates of a column of this type: sum, min and max, or min and max of a time.
std::span<const std::string_view> total_functions(const std::string& type);

/// From one row: the number of rows, then each column's aggregates in the order of `total_functions`, all as text.
SourceTotals read_totals(std::span<const Column> columns, std::span<const std::optional<std::string>> row);

/// By connection, as `lochan.totals` of a raw table keeps them, and back.
std::string totals_property(const std::map<std::string, SourceTotals>& totals);
std::map<std::string, SourceTotals> parse_totals(const std::string& property);

}  // namespace lochan
