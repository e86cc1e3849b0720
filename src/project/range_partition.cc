#include "project/range_partition.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"

namespace lochan {
namespace {

constexpr std::array<std::string_view, 3> kUnits = {"year", "month", "day"};

}  // namespace

std::optional<RangePartition> parse_range_partition(const std::string& text) {
  const auto open = text.find('(');
  if (open == std::string::npos || !text.ends_with(')')) return std::nullopt;
  RangePartition result{std::string(text::trim(text.substr(0, open))),
                        std::string(text::trim(text.substr(open + 1, text.size() - open - 2)))};
  if (std::ranges::find(kUnits, result.unit) == kUnits.end() || result.column.empty()) return std::nullopt;
  return result;
}

}  // namespace lochan
