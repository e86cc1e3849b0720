// Rows of the engine as MongoDB's documents. The table of types is docs/types.md.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/row_chunk.h"
#include "project/column.h"
#include "sink/bson.h"

namespace lochan {

/// SQL of the engine: the column as it is read here.
std::string select_for_bson(const Column& column);

/// Throws Error{Data} for what BSON can't hold: a decimal of more than 34 digits, a NUL byte in a name.
void append_value(bson_t* document, const std::string& name, const ValueVector& values, std::size_t row);

/// A row's `_id`: the value of a key of one column, else a document of them. `columns`: of the chunk, in the key's
/// order.
class BsonKey {
 public:
  BsonKey(std::vector<std::string> names, std::vector<std::size_t> columns)
      : names_(std::move(names)), columns_(std::move(columns)) {}

  /// Appends it as `_id`. Throws Error{Data} when a part of it is null.
  void append_id(bson_t* document, const RowChunk& rows, std::size_t row) const;
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  std::vector<std::size_t> columns_;
};

}  // namespace lochan
