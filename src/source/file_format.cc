#include "source/file_format.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ranges>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/sql.h"
#include "base/text.h"
#include "project/files_config.h"
#include "source/byte_stream.h"

namespace lochan {
namespace {

// The first line that isn't skipped.
std::string first_line(const std::filesystem::path& path, std::int64_t skip) {
  ByteStream bytes(path);
  std::string line;
  std::array<char, 65536> buffer{};
  constexpr std::size_t kLongest = 1u << 20;
  while (line.size() < kLongest) {
    const std::size_t size = bytes.read(buffer.data(), buffer.size());
    line.append(buffer.data(), size);
    for (std::size_t end = line.find('\n'); end != std::string::npos && skip > 0; end = line.find('\n')) {
      line.erase(0, end + 1);
      --skip;
    }
    const auto end = line.find('\n');
    if (skip == 0 && end != std::string::npos) line.resize(end);
    if (size == 0 || (skip == 0 && end != std::string::npos)) break;
  }
  return skip > 0 ? "" : std::string(text::trim(line));
}

std::string delimiter_of(const std::string& line) {
  constexpr std::string_view kCandidates = ",;\t|";
  const auto best = std::ranges::max_element(
      kCandidates, {}, [&](char candidate) { return std::ranges::count(line, candidate); });
  return std::string(1, *best);
}

bool is_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

// A first line with a number in it is data.
bool is_header(const std::string& line, const std::string& delimiter) {
  return std::ranges::none_of(text::split(line, delimiter[0]), [](const std::string& cell) { return is_number(text::trim(cell)); });
}

// Counts the values of each row, quotes minded.
class RowCounter {
 public:
  RowCounter(char delimiter, std::int64_t skip) : delimiter_(delimiter), skip_(skip) {}

  /// The number of values of the row that ends with this letter.
  std::optional<int> take(char letter) {
    if (lines_ < skip_) {
      lines_ += letter == '\n' ? 1 : 0;
      return std::nullopt;
    }
    if (letter == '"') quoted_ = !quoted_;
    if (letter == delimiter_ && !quoted_) ++values_;
    if (letter != '\n' && letter != '\r') is_blank_ = false;
    if (letter != '\n') return std::nullopt;
    ++lines_;
    if (quoted_) return std::nullopt;
    const bool was_blank = std::exchange(is_blank_, true);
    const int values = std::exchange(values_, 1);
    return was_blank ? std::nullopt : std::optional(values);
  }
  int lines() const { return lines_; }

 private:
  const char delimiter_;
  const std::int64_t skip_;
  int values_ = 1;
  int lines_ = 0;
  bool quoted_ = false;
  bool is_blank_ = true;
};

std::string null_texts(const SourceTable& table) {
  const std::string written = file_option(table, "nulls");
  if (written.empty()) return "''";
  std::vector<std::string> texts;
  for (const Json& text : Json::parse(written)) texts.push_back(sql::literal(text.get<std::string>()));
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

// Left to itself the engine skips lines until the rest fits, and takes lines that begin with `#` for comments.
std::string csv_options(const SourceTable& table, const FileGroup& group, CellTypes types) {
  const CsvDialect& dialect = group.dialect;
  std::string options = fmt::format(", delim = {}, header = {}, quote = {}, escape = {}, encoding = 'utf-8', strict_mode = true, null_padding = false, "
                                    "skip = {}, comment = '', nullstr = {}, ",
                                    sql::literal(dialect.delimiter), dialect.header, sql::literal(dialect.quote), sql::literal(dialect.escape),
                                    dialect.skip, null_texts(table));
  if (types == CellTypes::Text) return options + "all_varchar = true";
  options += "sample_size = -1";
  if (file_option(table, "decimal", ".") == ",") options += ", decimal_separator = ','";
  if (const std::string format = file_option(table, "date_format"); !format.empty()) options += ", dateformat = " + sql::literal(format);
  if (const std::string format = file_option(table, "timestamp_format"); !format.empty()) options += ", timestampformat = " + sql::literal(format);
  return options;
}

bool is_whole(const std::string& type) { return type == "BIGINT" || type == "INTEGER" || type == "HUGEINT" || type == "DECIMAL(38,0)"; }

}  // namespace

std::string file_option(const SourceTable& table, const std::string& name, const std::string& otherwise) {
  const auto found = table.options.find(name);
  return found == table.options.end() ? otherwise : found->second;
}

std::string require_format_word(const SourceTable& table, const std::string& name) {
  std::string word = file_format_word(table, name);
  if (word.empty())
    throw Error(ErrorKind::Project, fmt::format("the name of `{}` does not say what is in it", name))
        .at(table.position)
        .hint("give `format: csv`, `json`, `xml`, `parquet`, `excel` or `bytes`");
  return word;
}

CsvDialect csv_dialect(const SourceTable& table, const std::filesystem::path& file) {
  CsvDialect dialect;
  dialect.skip = std::stoll(file_option(table, "skip", "0"));
  const std::string line = first_line(file, dialect.skip);
  dialect.delimiter = file_option(table, "delimiter", delimiter_of(line));
  dialect.header = file_option(table, "header", is_header(line, dialect.delimiter) ? "true" : "false") == "true";
  dialect.quote = file_option(table, "quote", dialect.quote);
  dialect.escape = file_option(table, "escape", dialect.quote);
  return dialect;
}

std::optional<RaggedRow> find_ragged_row(const std::filesystem::path& file, const CsvDialect& dialect) {
  if (dialect.delimiter.size() != 1 || dialect.escape != dialect.quote) return std::nullopt;
  ByteStream bytes(file);
  RowCounter counter(dialect.delimiter[0], dialect.skip);
  std::array<char, 65536> buffer{};
  int expected = 0;
  for (std::size_t size = 0; (size = bytes.read(buffer.data(), buffer.size())) > 0;) {
    for (const char letter : std::span(buffer.data(), size)) {
      const auto values = counter.take(letter);
      if (!values) continue;
      if (expected == 0) expected = *values;
      if (*values != expected) return RaggedRow{counter.lines(), *values, expected};
    }
  }
  return std::nullopt;
}

std::string read_function(const SourceTable& table, const FileGroup& group, std::span<const std::string> paths, CellTypes types,
                          std::span<const Column> columns) {
  std::vector<std::string> literals;
  for (const std::string& path : paths) literals.push_back(sql::literal(path));
  const std::string files = fmt::format("[{}], union_by_name = true, filename = true", fmt::join(literals, ", "));
  const std::string compression = ", compression = 'uncompressed'";
  switch (group.format) {
    case FileFormat::Csv: return fmt::format("read_csv({}{}{})", files, csv_options(table, group, types), compression);
    case FileFormat::XmlText:
      if (!columns.empty())
        return fmt::format("read_json([{}], filename = true, format = 'newline_delimited', columns = {{{}}}{})", fmt::join(literals, ", "),
                           fmt::join(columns | std::views::transform([](const Column& column) {
                                       return fmt::format("{}: {}", sql::identifier(column.name), sql::literal(column.type));
                                     }),
                                     ", "),
                           compression);
      [[fallthrough]];
    case FileFormat::JsonText: return fmt::format("read_json({}, sample_size = -1{})", files, compression);
    case FileFormat::Parquet: return fmt::format("read_parquet({})", files);
  }
  return {};
}

// What isn't written as the table says stays as it is, and is refused when it is cast.
std::string cell_as_written(const SourceTable& table, const std::string& cell, const std::string& type) {
  const bool is_number = is_whole(type) || type == "DOUBLE" || type == "FLOAT" || type.starts_with("DECIMAL");
  if (is_number && file_option(table, "decimal", ".") == ",")
    return fmt::format("case when contains({0}, '.') then {0} || ' (a point, where a comma is decimal)' else replace({0}, ',', '.') end", cell);
  const std::string date = file_option(table, "date_format"), time = file_option(table, "timestamp_format");
  if (type == "DATE" && !date.empty()) return fmt::format("coalesce(try_strptime({0}, {1})::date::varchar, {0})", cell, sql::literal(date));
  if (type.starts_with("TIMESTAMP") && !time.empty()) return fmt::format("coalesce(try_strptime({0}, {1})::varchar, {0})", cell, sql::literal(time));
  return cell;
}

// The engine rounds `1.5` to a whole number.
bool may_lose_fraction(const std::string& from, const std::string& type) { return is_whole(type) && !is_whole(from); }

std::string is_no_value(const std::string& name, const std::string& from, const std::string& type) {
  const std::string no_cast = fmt::format("({0} is not null and try_cast({0} as {1}) is null)", name, type);
  if (!may_lose_fraction(from, type)) return no_cast;
  return fmt::format("({0} or coalesce(try_cast({1} as double) <> try_cast({1} as {2})::double, false))", no_cast, name, type);
}

}  // namespace lochan
