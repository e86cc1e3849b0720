// Some rows of an answer, column by column, as the engine has them in memory: what carries rows on reads them without a
// text in between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lochan {

__extension__ using WideInteger = __int128;

/// What a value is. Of types that the lake has: others are cast to these before they are read (engine/lake_type.h).
enum class ValueKind {
  Boolean,
  Int32,  // INTEGER
  Int64,  // BIGINT
  Float,
  Double,
  Decimal,
  Date,       // days since 1970
  Time,       // microseconds since midnight
  Timestamp,  // microseconds since 1970, with a time zone too
  Text,
  Blob,
  Uuid,
  List,
  Struct,
  Map,  // a list of structs of `key` and `value`
};

/// A column, or what is nested in one: its values, by their number.
class ValueVector {
 public:
  ValueKind kind() const { return kind_; }
  bool is_null(std::size_t row) const { return validity_ != nullptr && (validity_[row / 64] >> (row % 64) & 1) == 0; }

  template <typename T>
  T at(std::size_t row) const {
    return static_cast<const T*>(data_)[row];
  }
  /// Text and Blob. Valid as long as the chunk.
  std::string_view text(std::size_t row) const;
  /// Decimal: the digits without the point; `scale` of them stand after it.
  WideInteger digits(std::size_t row) const;
  int scale() const { return scale_; }
  /// Its sixteen bytes, in the order they are written in.
  std::pair<std::uint64_t, std::uint64_t> uuid(std::size_t row) const;
  /// List and Map: which values of `items()` are this row's: the first, and how many.
  std::pair<std::size_t, std::size_t> range(std::size_t row) const;
  const ValueVector& items() const { return children_[0]; }
  /// Struct: a member's values have the numbers of its rows.
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<ValueVector>& members() const { return children_; }

 private:
  friend class RowChunk;
  void point_to(void* vector);

  ValueKind kind_ = ValueKind::Int32;
  bool is_known_ = false;
  int scale_ = 0;
  int digits_bytes_ = 0;  // of a decimal in memory
  const void* data_ = nullptr;
  const std::uint64_t* validity_ = nullptr;
  std::vector<std::string> names_;
  std::vector<ValueVector> children_;
};

class RowChunk {
 public:
  std::size_t size() const { return size_; }
  std::size_t width() const { return columns_.size(); }
  const ValueVector& column(std::size_t index) const { return columns_[index]; }

  /// For the engine: a `duckdb_data_chunk`.
  void point_to(void* chunk);

 private:
  std::size_t size_ = 0;
  std::vector<ValueVector> columns_;
};

}  // namespace lochan
