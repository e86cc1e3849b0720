// A key of whole numbers that lie close together: with one bit for each value there could be, a scan tells that no two
// rows have the same. A hash table of all keys, which does for any type, costs some eight times as much.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "check/check.h"

namespace lochan {

class DenseKey {
 public:
  /// Nothing when a column's type has no place here. `types` are those of the key's columns.
  static std::optional<DenseKey> of(const KeyCheck& check, const std::vector<std::string>& types);

  /// Aggregates over the table: how many rows have a key, the least and the most of each column.
  std::vector<std::string> extent() const;
  /// What `extent` gave. False when there are too many values between for a bit each.
  bool fits(std::span<const std::optional<std::string>> extent);
  /// An aggregate, once it fits: how many different keys there are.
  std::string distinct() const;

  std::int64_t rows() const { return rows_; }

 private:
  explicit DenseKey(const KeyCheck& check) : condition_(check.counted_condition()) {}

  struct Part {
    std::string number;  // the column as a BIGINT
    std::int64_t least = 0;
    std::uint64_t values = 0;  // from the least to the most
  };
  std::vector<Part> parts_;
  std::string condition_;
  std::int64_t rows_ = 0;
  std::uint64_t values_ = 0;
};

}  // namespace lochan
