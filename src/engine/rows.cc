#include "engine/rows.h"

#include <fmt/format.h>

#include <charconv>

#include "base/error.h"

namespace lochan {

std::int64_t Rows::integer(std::size_t row, std::size_t column) const {
  if (row >= rows.size() || column >= rows[row].size())
    throw Error(ErrorKind::Internal, fmt::format("an answer has no value at row {}, column {}", row, column));
  const std::optional<std::string>& cell = rows[row][column];
  if (!cell) return 0;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(cell->data(), cell->data() + cell->size(), number);
  if (error != std::errc{} || end != cell->data() + cell->size())
    throw Error(ErrorKind::Internal, fmt::format("`{}` is no whole number", *cell));
  return number;
}

}  // namespace lochan
