#include "check/dense_key.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "base/sql.h"

namespace lochan {
namespace {

// 32 MiB for each thread; and for each row no more bits than its place in a hash table takes.
constexpr std::uint64_t kMostValues = std::uint64_t{1} << 28;
constexpr std::uint64_t kMostValuesPerRow = 128;

constexpr std::array<std::string_view, 7> kWholeNumbers = {"TINYINT",  "SMALLINT",  "INTEGER", "BIGINT",
                                                           "UTINYINT", "USMALLINT", "UINTEGER"};

std::optional<std::int64_t> number(const std::optional<std::string>& text) {
  std::int64_t value = 0;
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<DenseKey> DenseKey::of(const KeyCheck& check, const std::vector<std::string>& types) {
  DenseKey key(check);
  const std::vector<std::string> columns = check.key();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string column = sql::identifier(columns[i]);
    if (std::ranges::find(kWholeNumbers, types[i]) != kWholeNumbers.end())
      key.parts_.push_back({column + "::bigint"});
    else if (types[i] == "DATE")
      key.parts_.push_back({fmt::format("({} - date '1970-01-01')", column)});
    else
      return std::nullopt;
  }
  return key;
}

std::vector<std::string> DenseKey::extent() const {
  std::vector<std::string> aggregates{fmt::format("count(*) filter (where {})", condition_)};
  for (const Part& part : parts_)
    for (const char* end : {"min", "max"})
      aggregates.push_back(fmt::format("{}({}) filter (where {})", end, part.number, condition_));
  return aggregates;
}

bool DenseKey::fits(std::span<const std::optional<std::string>> extent) {
  rows_ = number(extent[0]).value_or(0);
  if (rows_ == 0) return false;
  values_ = 1;
  const std::uint64_t most = std::min(kMostValues, static_cast<std::uint64_t>(rows_) * kMostValuesPerRow);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const auto least = number(extent[1 + 2 * i]);
    const auto last = number(extent[2 + 2 * i]);
    if (!least || !last) return false;
    const std::uint64_t apart = static_cast<std::uint64_t>(*last) - static_cast<std::uint64_t>(*least);
    if (apart >= most) return false;
    parts_[i].least = *least;
    parts_[i].values = apart + 1;
    values_ *= apart + 1;
    if (values_ > most) return false;
  }
  return true;
}

std::string DenseKey::distinct() const {
  std::string place;
  for (const Part& part : parts_) {
    const std::string own = fmt::format("({} - ({}))", part.number, part.least);
    place = place.empty() ? own : fmt::format("({} * {} + {})", place, part.values, own);
  }
  return fmt::format("bit_count(bitstring_agg({}, 0, {}) filter (where {}))", place, values_ - 1, condition_);
}

}  // namespace lochan
