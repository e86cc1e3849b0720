// What a type of DuckDB becomes in the lake: Iceberg has fewer. The table is docs/types.md.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "project/column.h"

namespace lochan {

/// `SMALLINT` becomes `INTEGER`, `STRUCT(a JSON, b UINTEGER[3])` becomes `STRUCT(a VARCHAR, b BIGINT[])`. The nearest
/// type that holds every value; a type that is not known becomes `VARCHAR`. A type of the lake stays what it is.
std::string lake_type(std::string_view type);

/// A query for what `select` gives, each column of a type that the lake has. `columns` are what `select` gives; it is
/// returned as it is when all fit.
std::string select_for_lake(std::string_view select, std::span<const Column> columns);

}  // namespace lochan
