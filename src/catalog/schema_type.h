// Iceberg's types as DuckDB writes them, and back (spec: "Schemas and Data Types").
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "project/column.h"

namespace lochan {

/// `"long"` becomes `BIGINT`, nested types too. Throws Error{Usage} for a type that format v2 doesn't have.
std::string duckdb_type(const Json& iceberg_type);
/// The columns of an Iceberg schema.
std::vector<Column> columns_of(const Json& schema);

/// A schema with these columns, ids counted from 1. A type that Iceberg doesn't have becomes `string`.
Json schema_of(std::span<const Column> columns);

}  // namespace lochan
