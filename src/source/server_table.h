// What the sources that are databases share.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "source/source.h"

namespace lochan {

/// A name for one more column of an answer: `count`, then `count_1`, as the engine takes no name twice, in any case.
template <typename Column>
std::string unused_name(const std::vector<Column>& columns, const std::string& name) {
  std::string unused = name.empty() ? "?column?" : name;
  const auto is_used = [&](const Column& column) { return text::lower(column.name) == text::lower(unused); };
  for (int i = 1; std::ranges::any_of(columns, is_used); ++i) unused = fmt::format("{}_{}", name, i);
  return unused;
}

/// The columns that the user wants as the server writes them: the names in the table's `columns:`.
std::vector<std::string> columns_as_text(const SourceTable& table);

/// What is told of a table that the server doesn't show us; `names` are those that it does.
Error unknown_table(const std::string& connection, const SourceTable& wanted, const std::vector<std::string>& names);
/// And of a column of a table; `use` is what names it: "the cursor".
Error unknown_column(const std::string& connection, const std::string& table, const std::string& name,
                     const std::vector<std::string>& names, const Position& position, std::string_view use);

/// Notes how far a column cursor reaches, once the server has said the column's highest value (nothing: there is none)
/// and how many rows the select gives. `declared` is the column's type at the server.
void note_reached(Extract& extract, const std::string& column, const std::string& declared,
                  const std::optional<std::string>& highest, const std::optional<std::string>& rows);

}  // namespace lochan
