#include "engine/type_text.h"

#include <fmt/format.h>

namespace lochan {
namespace {

const char* plain_type_text(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
      return "BOOLEAN";
    case DUCKDB_TYPE_TINYINT:
      return "TINYINT";
    case DUCKDB_TYPE_SMALLINT:
      return "SMALLINT";
    case DUCKDB_TYPE_INTEGER:
      return "INTEGER";
    case DUCKDB_TYPE_BIGINT:
      return "BIGINT";
    case DUCKDB_TYPE_UTINYINT:
      return "UTINYINT";
    case DUCKDB_TYPE_USMALLINT:
      return "USMALLINT";
    case DUCKDB_TYPE_UINTEGER:
      return "UINTEGER";
    case DUCKDB_TYPE_UBIGINT:
      return "UBIGINT";
    case DUCKDB_TYPE_FLOAT:
      return "FLOAT";
    case DUCKDB_TYPE_DOUBLE:
      return "DOUBLE";
    case DUCKDB_TYPE_TIMESTAMP:
      return "TIMESTAMP";
    case DUCKDB_TYPE_DATE:
      return "DATE";
    case DUCKDB_TYPE_TIME:
      return "TIME";
    case DUCKDB_TYPE_INTERVAL:
      return "INTERVAL";
    case DUCKDB_TYPE_HUGEINT:
      return "HUGEINT";
    case DUCKDB_TYPE_UHUGEINT:
      return "UHUGEINT";
    case DUCKDB_TYPE_VARCHAR:
      return "VARCHAR";
    case DUCKDB_TYPE_BLOB:
      return "BLOB";
    case DUCKDB_TYPE_TIMESTAMP_S:
      return "TIMESTAMP_S";
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return "TIMESTAMP_MS";
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return "TIMESTAMP_NS";
    case DUCKDB_TYPE_UUID:
      return "UUID";
    case DUCKDB_TYPE_BIT:
      return "BIT";
    case DUCKDB_TYPE_TIME_TZ:
      return "TIME WITH TIME ZONE";
    case DUCKDB_TYPE_TIME_NS:
      return "TIME_NS";
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return "TIMESTAMP WITH TIME ZONE";
    case DUCKDB_TYPE_BIGNUM:
      return "BIGNUM";
    case DUCKDB_TYPE_SQLNULL:
      return "\"NULL\"";
    case DUCKDB_TYPE_GEOMETRY:
      return "GEOMETRY";
    case DUCKDB_TYPE_VARIANT:
      return "VARIANT";
    default:
      return nullptr;
  }
}

// `typeof` of an empty list of the type, less the brackets.
std::string ask_type_text(duckdb_connection connection, duckdb_logical_type type) {
  duckdb_value no_item = nullptr;
  const DuckValue empty(duckdb_create_list_value(type, &no_item, 0));
  DuckPrepared statement;
  DuckResult result;
  if (!empty || duckdb_prepare(connection, "select typeof($1)", statement.put()) != DuckDBSuccess) return "";
  duckdb_bind_value(statement.get(), 1, empty.get());
  if (duckdb_execute_prepared(statement.get(), result.get()) != DuckDBSuccess) return "";
  const DuckChunk chunk(duckdb_fetch_chunk(*result.get()));
  if (!chunk) return "";
  auto* text = static_cast<duckdb_string_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk.get(), 0)));
  std::string list(duckdb_string_t_data(text), duckdb_string_t_length(*text));
  return list.ends_with("[]") ? list.substr(0, list.size() - 2) : "";
}

}  // namespace

std::string type_text(duckdb_connection connection, duckdb_logical_type type) {
  if (const std::string alias = take_text(duckdb_logical_type_get_alias(type)); !alias.empty()) return alias;
  const duckdb_type id = duckdb_get_type_id(type);
  if (const char* plain = plain_type_text(id)) return plain;
  switch (id) {
    case DUCKDB_TYPE_DECIMAL:
      return fmt::format("DECIMAL({},{})", duckdb_decimal_width(type), duckdb_decimal_scale(type));
    case DUCKDB_TYPE_LIST: {
      const DuckType child(duckdb_list_type_child_type(type));
      return type_text(connection, child.get()) + "[]";
    }
    case DUCKDB_TYPE_ARRAY: {
      const DuckType child(duckdb_array_type_child_type(type));
      return fmt::format("{}[{}]", type_text(connection, child.get()), duckdb_array_type_array_size(type));
    }
    case DUCKDB_TYPE_MAP: {
      const DuckType key(duckdb_map_type_key_type(type));
      const DuckType value(duckdb_map_type_value_type(type));
      return fmt::format("MAP({}, {})", type_text(connection, key.get()), type_text(connection, value.get()));
    }
    case DUCKDB_TYPE_STRUCT:
    case DUCKDB_TYPE_UNION:
    case DUCKDB_TYPE_ENUM:
      return ask_type_text(connection, type);
    default:
      return "";
  }
}

}  // namespace lochan
