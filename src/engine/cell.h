// One value of a result, as text: exactly what DuckDB's own cast to VARCHAR gives, nested values too.
#pragma once

#include <optional>
#include <string>

#include "engine/duckdb_handle.h"

namespace lochan {

/// A column of a chunk, read row by row. The chunk must outlive it.
class CellReader {
 public:
  explicit CellReader(duckdb_vector vector);

  std::optional<std::string> text(idx_t row) const;
  /// For nested types and for parameters. An empty handle when the type has no value in the C API (BIGNUM, VARIANT, …).
  DuckValue value(idx_t row) const;

 private:
  DuckValue simple_value(idx_t row) const;
  DuckValue nested_value(idx_t row) const;
  DuckValue decimal_value(idx_t row) const;
  DuckValue enum_value(idx_t row) const;
  DuckValue map_value(idx_t row) const;
  DuckValue union_value(idx_t row) const;
  bool is_null(idx_t row) const;
  template <typename T>
  T at(idx_t row) const {
    return static_cast<const T*>(data_)[row];
  }

  duckdb_vector vector_;
  DuckType type_;
  duckdb_type id_;
  void* data_;
  uint64_t* validity_;
};

}  // namespace lochan
