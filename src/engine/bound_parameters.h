// Parameters as typed nulls, so that a query can be bound before they have values.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lochan {

/// A query's text whose `$since` is `cast(null as timestamptz)`, and the way back to the user's positions.
class BoundParameters {
 public:
  explicit BoundParameters(std::string_view sql);

  const std::string& sql() const { return sql_; }
  /// The offset in the user's text of an offset in `sql()`.
  std::size_t original_offset(std::size_t offset) const;

 private:
  struct Place {
    std::size_t original = 0;
    std::size_t offset = 0;
    std::size_t size = 0;      // in `sql()`
    std::size_t was_size = 0;  // in the user's text
  };
  std::string sql_;
  std::vector<Place> places_;
};

}  // namespace lochan
