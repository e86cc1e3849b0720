// What goes into a query and comes out of it, as text.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "project/column.h"

namespace lochan {

/// A small answer, as text: what the platform itself asks (counts, cursors, samples). Null is nullopt; other values are
/// what DuckDB's cast to VARCHAR gives.
class Rows {
 public:
  std::vector<Column> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;

  bool empty() const { return rows.empty(); }
  /// The only value of the only row; 0 when it is null.
  std::int64_t integer(std::size_t row = 0, std::size_t column = 0) const;
};

/// Named parameters of a statement: `$since`, here in small letters without the `$`. A value is bound as text and cast
/// by its type, or as null.
struct Parameter {
  std::string type;  // "TIMESTAMPTZ", "VARCHAR", …
  std::optional<std::string> value;
};
using Parameters = std::map<std::string, Parameter>;

}  // namespace lochan
