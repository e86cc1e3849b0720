#include "simulate/totesys_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

namespace lochan {
namespace {

// Rows of one statement: both databases take some ten thousand values.
constexpr std::size_t kRows = 500;

}  // namespace

void TotesysWriter::add(TotesysTable table, std::vector<DbValue> values, const std::string& at) {
  auto& waiting = waiting_[static_cast<std::size_t>(table)];
  waiting.insert(waiting.end(), std::make_move_iterator(values.begin()), std::make_move_iterator(values.end()));
  waiting.emplace_back(at);
  waiting.emplace_back(at);
}

void TotesysWriter::flush() {
  for (std::size_t i = 0; i < kTotesysTables; ++i) write(static_cast<TotesysTable>(i));
}

void TotesysWriter::write(TotesysTable table) {
  auto& waiting = waiting_[static_cast<std::size_t>(table)];
  const TotesysTableText& text = totesys_table(table);
  const std::size_t width = text.columns.size() + 2;
  for (std::size_t first = 0; first < waiting.size(); first += kRows * width) {
    const std::size_t count = std::min(kRows * width, waiting.size() - first);
    std::string places;
    for (std::size_t i = 0; i < count; ++i)
      places += fmt::format("{}${}{}",
                            i % width != 0 ? ", "
                            : i == 0       ? "("
                                           : ", (",
                            i + 1, i % width == width - 1 ? ")" : "");
    database_.execute(fmt::format("insert into {}({}, created_at, last_updated) values {}", text.sql_name,
                                  fmt::join(text.columns, ", "), places),
                      std::span<const DbValue>(waiting).subspan(first, count));
  }
  waiting.clear();
}

}  // namespace lochan
