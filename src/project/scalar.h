// What the text of one value may mean: numbers, words, durations and sizes as people write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lochan {

/// A letter or `_`, then letters, digits and `_`: what a table, a layer or a connection may be called.
bool is_plain_word(std::string_view text);
/// As YAML 1.2 and JSON write numbers: 5, -1.5, 2e3.
bool is_number(std::string_view text);
/// Nothing for what isn't a number, or is too large for one.
std::optional<double> parse_number(std::string_view text);
/// A whole number that fits.
std::optional<std::int64_t> parse_integer(std::string_view text);
/// `500ms`, `30s`, `10m`, `2h`, `7d`, `1w`, also joined: `1h30m`; `0` needs no unit. Nothing for anything else.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// The largest unit that divides it: `10m`, `90s`, `7d`.
std::string show_duration(std::chrono::milliseconds duration);
/// `512MB`, `2GB`, `1.5GiB`: what DuckDB reads as a size.
bool is_size(std::string_view text);
/// In bytes: `kB` is 1000 of them and `KiB` is 1024. Nothing for what is no size, or too large.
std::optional<std::uint64_t> parse_size(std::string_view text);
/// At most `most` bytes, never half a letter of UTF-8.
std::string cut_text(std::string_view text, std::size_t most);
/// The offset of the first byte that is not UTF-8 text (a zero byte isn't either); nothing when all is well.
std::optional<std::size_t> find_not_utf8(std::string_view text);

}  // namespace lochan
