// Rows and columns for a person's eye: aligned by what each letter takes on a terminal.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace lochan {

/// Columns a text takes on a terminal; its bytes must be UTF-8 (what isn't counts one each).
std::size_t display_width(std::string_view text);
/// Control characters shown as `\n`, `\t`, `\x1b`: what is in a cell never steers the terminal.
std::string printable(std::string_view text);
/// At most `width` columns, the last of them `…` when something was cut.
std::string truncated(std::string_view text, std::size_t width);
/// Filled with blanks to `width`.
std::string padded(std::string_view text, std::size_t width, bool right = false);

/// Lines of cells, each column as wide as its widest cell; two blanks between; no blanks at a line's end.
std::string align(const std::vector<std::vector<std::string>>& lines, std::string_view indent = "");

/// A query's answer with a heading and rules, numbers to the right, nulls as `NULL`.
std::string render_rows(const Rows& rows, std::size_t max_cell_width, std::string_view indent = "");

}  // namespace lochan
