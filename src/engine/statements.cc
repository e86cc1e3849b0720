#include "engine/statements.h"

#include <string>

#include "base/sql.h"
#include "base/text.h"
#include "engine/cell.h"
#include "engine/row_chunk.h"
#include "engine/type_text.h"

namespace lochan {
namespace {

Fault fault_of(duckdb_result& result) {
  const char* text = duckdb_result_error(&result);
  return parse_fault(text == nullptr ? "Internal Error: an error without a message" : text);
}

// A typed value from its text, by DuckDB's own cast.
DuckValue cast_value(duckdb_connection connection, const Parameter& parameter, std::optional<Fault>& fault) {
  if (!parameter.value) return DuckValue(duckdb_create_null_value());
  if (parameter.type.empty() || parameter.type == "VARCHAR")
    return DuckValue(duckdb_create_varchar_length(parameter.value->data(), parameter.value->size()));
  const std::string sql = "select cast(" + sql::literal(*parameter.value) + " as " + parameter.type + ")";
  DuckResult result;
  if (duckdb_query(connection, sql.c_str(), result.get()) != DuckDBSuccess) {
    fault = fault_of(*result.get());
    return DuckValue();
  }
  const DuckChunk chunk(duckdb_fetch_chunk(*result.get()));
  if (!chunk) return DuckValue(duckdb_create_null_value());
  DuckValue value = CellReader(duckdb_data_chunk_get_vector(chunk.get(), 0)).value(0);
  if (!value) fault = Fault{.type = "Invalid Input", .message = "a parameter can't be of type " + parameter.type};
  return value;
}

// Nothing when all went well. Parameters that the statement doesn't name are left out.
std::optional<Fault> bind(duckdb_connection connection, duckdb_prepared_statement statement,
                          const Parameters& parameters) {
  for (idx_t index = 1; index <= duckdb_nparams(statement); ++index) {
    const std::string name = take_text(duckdb_parameter_name(statement, index));
    const auto parameter = parameters.find(text::lower(name));
    if (parameter == parameters.end())
      return Fault{.type = "Invalid Input", .message = "the parameter `$" + name + "` has no value"};
    std::optional<Fault> fault;
    const DuckValue value = cast_value(connection, parameter->second, fault);
    if (fault) return fault;
    duckdb_bind_value(statement, index, value.get());
  }
  return std::nullopt;
}

std::optional<Fault> prepare(duckdb_connection connection, duckdb_extracted_statements statements, idx_t index,
                             DuckPrepared& prepared) {
  if (duckdb_prepare_extracted_statement(connection, statements, index, prepared.put()) == DuckDBSuccess)
    return std::nullopt;
  const char* text = duckdb_prepare_error(prepared.get());
  return parse_fault(text == nullptr ? "Internal Error: a statement can't be prepared" : text);
}

// Nothing in `count` statements: only comments, or text that doesn't parse.
std::optional<Fault> extract(duckdb_connection connection, std::string_view sql, DuckStatements& statements,
                             idx_t& count) {
  count = duckdb_extract_statements(connection, std::string(sql).c_str(), statements.put());
  if (count > 0) return std::nullopt;
  const char* text = duckdb_extract_statements_error(statements.get());
  if (text == nullptr || *text == '\0') return std::nullopt;
  return parse_fault(text);
}

Outcome run_prepared(duckdb_connection connection, std::string_view sql, const Parameters& parameters) {
  Outcome outcome;
  DuckStatements statements;
  idx_t count = 0;
  outcome.fault = extract(connection, sql, statements, count);
  for (idx_t index = 0; index < count && !outcome.fault; ++index) {
    DuckPrepared prepared;
    outcome.fault = prepare(connection, statements.get(), index, prepared);
    if (!outcome.fault) outcome.fault = bind(connection, prepared.get(), parameters);
    if (outcome.fault) break;
    outcome.result = DuckResult();
    if (duckdb_execute_prepared(prepared.get(), outcome.result.get()) != DuckDBSuccess)
      outcome.fault = fault_of(*outcome.result.get());
  }
  return outcome;
}

}  // namespace

Outcome run_statements(duckdb_connection connection, std::string_view sql, const Parameters& parameters) {
  const bool may_name_some = !parameters.empty() && sql.find('$') != std::string_view::npos;
  if (may_name_some) return run_prepared(connection, sql, parameters);
  Outcome outcome;
  if (duckdb_query(connection, std::string(sql).c_str(), outcome.result.get()) != DuckDBSuccess)
    outcome.fault = fault_of(*outcome.result.get());
  return outcome;
}

std::optional<Fault> stream_chunks(duckdb_connection connection, std::string_view sql,
                                   const std::function<void(const RowChunk&)>& take) {
  DuckStatements statements;
  idx_t count = 0;
  if (auto fault = extract(connection, sql, statements, count)) return fault;
  DuckPrepared prepared;
  if (auto fault = prepare(connection, statements.get(), 0, prepared)) return fault;
  Owned<duckdb_pending_result, duckdb_destroy_pending> pending;
  DuckResult result;
  if (duckdb_pending_prepared_streaming(prepared.get(), pending.put()) != DuckDBSuccess)
    return parse_fault(duckdb_pending_error(pending.get()));
  if (duckdb_execute_pending(pending.get(), result.get()) != DuckDBSuccess) return fault_of(*result.get());
  RowChunk rows;
  for (;;) {
    const DuckChunk chunk(duckdb_fetch_chunk(*result.get()));
    // An error in the middle ends the rows as their end does.
    if (!chunk || duckdb_data_chunk_get_size(chunk.get()) == 0) break;
    rows.point_to(chunk.get());
    take(rows);
  }
  const char* text = duckdb_result_error(result.get());
  if (text != nullptr && *text != '\0') return parse_fault(text);
  return std::nullopt;
}

Description describe_statement(duckdb_connection connection, std::string_view sql) {
  Description description;
  DuckPrepared prepared;
  if (duckdb_prepare(connection, std::string(sql).c_str(), prepared.put()) != DuckDBSuccess) {
    const char* text = duckdb_prepare_error(prepared.get());
    description.fault = parse_fault(text == nullptr ? "Internal Error: a statement can't be prepared" : text);
    return description;
  }
  for (idx_t index = 1; index <= duckdb_nparams(prepared.get()); ++index)
    description.parameters.push_back(take_text(duckdb_parameter_name(prepared.get(), index)));
  for (idx_t index = 0; index < duckdb_prepared_statement_column_count(prepared.get()); ++index) {
    const DuckType type(duckdb_prepared_statement_column_logical_type(prepared.get(), index));
    description.columns.push_back(
        {take_text(duckdb_prepared_statement_column_name(prepared.get(), index)), type_text(connection, type.get())});
  }
  return description;
}

std::int64_t rows_changed(duckdb_result& result) {
  if (duckdb_result_return_type(result) == DUCKDB_RESULT_TYPE_CHANGED_ROWS)
    return static_cast<std::int64_t>(duckdb_rows_changed(&result));
  // CREATE TABLE AS counts too, but calls its answer a result.
  const bool counts = duckdb_result_statement_type(result) == DUCKDB_STATEMENT_TYPE_CREATE &&
                      duckdb_column_count(&result) == 1 && duckdb_column_type(&result, 0) == DUCKDB_TYPE_BIGINT;
  const DuckChunk chunk(counts ? duckdb_fetch_chunk(result) : nullptr);
  if (!chunk || duckdb_data_chunk_get_size(chunk.get()) == 0) return 0;
  return *static_cast<std::int64_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk.get(), 0)));
}

Rows read_rows(duckdb_connection connection, duckdb_result& result) {
  Rows rows;
  const idx_t width = duckdb_column_count(&result);
  for (idx_t column = 0; column < width; ++column) {
    const DuckType type(duckdb_column_logical_type(&result, column));
    rows.columns.push_back({duckdb_column_name(&result, column), type_text(connection, type.get())});
  }
  while (const DuckChunk chunk{duckdb_fetch_chunk(result)}) {
    const idx_t size = duckdb_data_chunk_get_size(chunk.get());
    if (size == 0) break;
    std::vector<CellReader> readers;
    for (idx_t column = 0; column < width; ++column)
      readers.emplace_back(duckdb_data_chunk_get_vector(chunk.get(), column));
    for (idx_t row = 0; row < size; ++row) {
      std::vector<std::optional<std::string>>& cells = rows.rows.emplace_back();
      cells.reserve(readers.size());
      for (const CellReader& reader : readers) cells.push_back(reader.text(row));
    }
  }
  return rows;
}

}  // namespace lochan
