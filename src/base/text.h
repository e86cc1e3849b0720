// Small things done to text that the standard library lacks.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lochan::text {

std::string_view trim(std::string_view text);
std::string lower(std::string_view text);
/// Always at least one part; empty parts are kept.
std::vector<std::string> split(std::string_view text, char separator);

/// How many bytes the letter of UTF-8 at the beginning has; 0 when there is none, or a zero byte
/// (https://www.unicode.org/versions/Unicode15.0.0/ch03.pdf, table 3-7).
std::size_t letter_length(std::string_view text);
/// With U+FFFD for each zero byte and each byte that is no part of UTF-8.
std::string mended_utf8(std::string_view text);

/// How many letters must be added, removed, changed or swapped with a neighbour (Damerau-Levenshtein, restricted).
int edit_distance(std::string_view a, std::string_view b);
/// The candidate that `name` was most likely meant to be, or "" when none is near.
std::string nearest(std::string_view name, std::span<const std::string> candidates);
/// "did you mean `x`?", or `otherwise` when no candidate is near.
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates, std::string_view otherwise);

/// 1-based line and column of a byte offset.
struct LineColumn {
  int line = 1;
  int column = 1;
};
LineColumn line_column(std::string_view text, std::size_t offset);

/// "1.4 kB", "23.0 MB": for people.
std::string human_bytes(std::uint64_t bytes);
/// "12 ms", "3.4 s", "2 min 5 s": for people.
std::string human_seconds(double seconds);
/// "1 row", "3 rows".
std::string plural(std::int64_t count, std::string_view word);

}  // namespace lochan::text
