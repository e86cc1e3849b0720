// `{{ ref('x') }}` and `{{ source('a', 'b') }}` in SQL, as dbt's users write them, read as plain names of tables.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "project/problems.h"
#include "project/table_name.h"

namespace lochan {

/// Puts `layer.name` in their place, padded with blanks so that what follows keeps its offset; where the name is the
/// longer one, lines are kept at least. `tables` are all there are. What can't be read becomes a problem, and the
/// answer is empty.
std::string put_names(std::string sql, const std::string& file, std::span<const TableName> tables, Problems& problems);

}  // namespace lochan
