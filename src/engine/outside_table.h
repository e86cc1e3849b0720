// A table whose rows a reader of ours brings from outside: the engine reads its parts side by side, each by one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "project/column.h"

namespace lochan {

/// The rows that the engine takes at once, column by column. All are of type `T` that the column's type has in memory:
/// BOOLEAN bool, INTEGER and DATE (days since 1970) int32, BIGINT, TIME and the timestamps (microseconds) int64, FLOAT,
/// DOUBLE, UUID and wide decimals a 128 bit integer, decimals of up to 4, 9 and 18 digits int16, int32 and int64.
class RowBatch {
 public:
  struct ColumnOut {
    void* vector = nullptr;
    void* values = nullptr;
  };
  RowBatch(std::size_t capacity, std::span<const ColumnOut> columns) : capacity_(capacity), columns_(columns) {}

  std::size_t capacity() const { return capacity_; }
  std::size_t width() const { return columns_.size(); }
  template <typename T>
  void put(std::size_t column, std::size_t row, T value) {
    std::memcpy(static_cast<char*>(columns_[column].values) + row * sizeof(T), &value, sizeof(T));
  }
  /// VARCHAR, which must be UTF-8, and BLOB. Copied.
  void put_text(std::size_t column, std::size_t row, std::string_view text);
  void put_null(std::size_t column, std::size_t row);

 private:
  const std::size_t capacity_;
  const std::span<const ColumnOut> columns_;
};

/// Used by one thread at a time.
class PartReader {
 public:
  virtual ~PartReader() = default;
  /// Fills rows from the first on and returns how many; 0: there are no more.
  virtual std::size_t read(RowBatch& batch) = 0;
};

/// Errors that its methods throw come out of the session's statement as they are. May be called from any thread.
class OutsideTable {
 public:
  virtual ~OutsideTable() = default;
  virtual std::span<const Column> columns() const = 0;
  virtual std::size_t parts() const = 0;
  /// About how many rows there are.
  virtual std::int64_t expected_rows() const = 0;
  virtual std::unique_ptr<PartReader> open(std::size_t part) = 0;
};

/// The type as text of a decimal's digits: 0 when it is none. `DECIMAL(10,2)` has 10.
int decimal_width(std::string_view type);

}  // namespace lochan
