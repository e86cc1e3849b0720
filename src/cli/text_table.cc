#include "cli/text_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace lochan {
namespace {

struct Letter {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
};

/// The letter at the start of `text`; a byte that isn't UTF-8 is a letter of its own.
Letter first_letter(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t head = byte(0);
  std::size_t size = 1;
  std::uint32_t code = head;
  if (head >= 0xF0 && head < 0xF8)
    size = 4, code = head & 0x07U;
  else if (head >= 0xE0)
    size = 3, code = head & 0x0FU;
  else if (head >= 0xC2)
    size = 2, code = head & 0x1FU;
  if (head < 0x80 || size == 1 || text.size() < size || head >= 0xF8) return {head, 1};
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {head, 1};
    code = (code << 6U) | (byte(i) & 0x3FU);
  }
  return {code, size};
}

struct Range {
  std::uint32_t first, last;
};

// Unicode's combining marks and joiners that are met in names, and its wide letters (East Asian Width W and F).
constexpr std::array<Range, 7> kZeroWidth = {{{0x0300, 0x036F},
                                              {0x0483, 0x0489},
                                              {0x0591, 0x05BD},
                                              {0x200B, 0x200F},
                                              {0x20D0, 0x20F0},
                                              {0xFE00, 0xFE0F},
                                              {0xFEFF, 0xFEFF}}};
constexpr std::array<Range, 8> kDoubleWidth = {{{0x1100, 0x115F},
                                                {0x2E80, 0x303E},
                                                {0x3041, 0xA4CF},
                                                {0xAC00, 0xD7A3},
                                                {0xF900, 0xFAFF},
                                                {0xFE30, 0xFE6F},
                                                {0xFF00, 0xFF60},
                                                {0x1F300, 0x1FAFF}}};

std::size_t letter_width(std::uint32_t code) {
  const auto holds = [code](const Range& range) { return range.first <= code && code <= range.last; };
  if (std::ranges::any_of(kZeroWidth, holds)) return 0;
  return std::ranges::any_of(kDoubleWidth, holds) ? 2 : 1;
}

bool is_number(std::string_view type) {
  constexpr std::array<std::string_view, 13> kNumbers = {"TINYINT",  "SMALLINT",  "INTEGER",  "BIGINT",  "HUGEINT",
                                                         "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
                                                         "FLOAT",    "DOUBLE",    "DECIMAL"};
  const std::string_view plain = type.substr(0, type.find('('));
  return std::ranges::find(kNumbers, plain) != kNumbers.end() && type.find('[') == std::string_view::npos;
}

void trim_right(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Letter letter = first_letter(text);
    width += letter_width(letter.code);
    text.remove_prefix(letter.bytes);
  }
  return width;
}

std::string printable(std::string_view text) {
  std::string result;
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (letter == '\n')
      result += "\\n";
    else if (letter == '\t')
      result += "\\t";
    else if (letter == '\r')
      result += "\\r";
    else if (code < 0x20 || code == 0x7F)
      result += fmt::format("\\x{:02x}", code);
    else
      result += letter;
  }
  return result;
}

std::string truncated(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  std::string result;
  std::size_t used = 0;
  while (!text.empty()) {
    const Letter letter = first_letter(text);
    used += letter_width(letter.code);
    if (used + 1 > width) break;
    result += text.substr(0, letter.bytes);
    text.remove_prefix(letter.bytes);
  }
  return result + "…";
}

std::string padded(std::string_view text, std::size_t width, bool right) {
  const std::size_t taken = display_width(text);
  const std::string blanks(width > taken ? width - taken : 0, ' ');
  return right ? blanks + std::string(text) : std::string(text) + blanks;
}

std::string align(const std::vector<std::vector<std::string>>& lines, std::string_view indent) {
  std::vector<std::size_t> widths;
  for (const auto& line : lines) {
    widths.resize(std::max(widths.size(), line.size()));
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], display_width(line[i]));
  }
  std::string result;
  for (const auto& cells : lines) {
    std::string line(indent);
    for (std::size_t i = 0; i < cells.size(); ++i) line += (i == 0 ? "" : "  ") + padded(cells[i], widths[i]);
    trim_right(line);
    if (!result.empty()) result += '\n';
    result += line;
  }
  return result;
}

std::string render_rows(const Rows& rows, std::size_t max_cell_width, std::string_view indent) {
  const std::size_t columns = rows.columns.size();
  std::vector<std::vector<std::string>> cells(rows.rows.size() + 1, std::vector<std::string>(columns));
  std::vector<std::size_t> widths(columns);
  for (std::size_t row = 0; row < cells.size(); ++row) {
    for (std::size_t i = 0; i < columns; ++i) {
      const std::string text = row == 0 ? rows.columns[i].name : rows.rows[row - 1][i].value_or("NULL");
      cells[row][i] = truncated(printable(text), max_cell_width);
      widths[i] = std::max(widths[i], display_width(cells[row][i]));
    }
  }
  std::string result;
  for (std::size_t row = 0; row < cells.size(); ++row) {
    std::string line(indent);
    for (std::size_t i = 0; i < columns; ++i)
      line += (i == 0 ? " " : " | ") + padded(cells[row][i], widths[i], row > 0 && is_number(rows.columns[i].type));
    trim_right(line);
    result += line + "\n";
    if (row > 0) continue;
    result += indent;
    for (std::size_t i = 0; i < columns; ++i) result += (i == 0 ? "" : "+") + std::string(widths[i] + 2, '-');
    result += "\n";
  }
  return result;
}

}  // namespace lochan
