// Running SQL on one connection of DuckDB: what went wrong is a value here, so that each caller can say it its own way.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/duckdb_handle.h"
#include "engine/fault.h"
#include "engine/rows.h"

namespace lochan {

/// What statements gave: the last one's result, or the fault that ended them.
struct Outcome {
  DuckResult result;
  std::optional<Fault> fault;
};

/// Runs the statements one after the other. Without parameters DuckDB gets the whole text, so that each statement is
/// planned once; with them each one is prepared first and bound to those it names.
Outcome run_statements(duckdb_connection connection, std::string_view sql, const Parameters& parameters = {});

class RowChunk;

/// Runs one SELECT and hands over its rows as they are made. What `take` throws goes on.
std::optional<Fault> stream_chunks(duckdb_connection connection, std::string_view sql,
                                   const std::function<void(const RowChunk&)>& take);

/// Columns of a SELECT, from the binder. The types of those that hang on an unbound parameter are "".
struct Description {
  std::vector<Column> columns;
  std::vector<std::string> parameters;
  std::optional<Fault> fault;
};
Description describe_statement(duckdb_connection connection, std::string_view sql);

/// Rows written, changed or removed by a statement; 0 for others.
std::int64_t rows_changed(duckdb_result& result);

/// Columns and all rows of a result.
Rows read_rows(duckdb_connection connection, duckdb_result& result);

}  // namespace lochan
