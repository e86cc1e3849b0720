// A type as DuckDB writes it: `DECIMAL(10,2)`, `STRUCT(a INTEGER, "b c" VARCHAR[])`.
#pragma once

#include <string>

#include "engine/duckdb_handle.h"

namespace lochan {

/// "" for a type that isn't known yet (of a parameter, or of an expression that hangs on one). The connection is asked
/// for types whose names need DuckDB's own quoting, so no result of it may be streaming.
std::string type_text(duckdb_connection connection, duckdb_logical_type type);

}  // namespace lochan
