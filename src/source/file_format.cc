#include "source/file_format.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/sql.h"
#include "base/text.h"

namespace lochan {
namespace {

std::string option(const SourceTable& table, const std::string& name, const std::string& otherwise = "") {
  const auto found = table.options.find(name);
  return found == table.options.end() ? otherwise : found->second;
}

// The first line; "" for compressed files that zlib can't read (zstd): their dialect is the usual one, or the user's.
std::string first_line(const std::filesystem::path& path) {
  std::string line;
  if (path.extension() == ".zst") return line;
  // gzopen reads plain files too.
  if (gzFile file = gzopen(path.c_str(), "rb")) {
    std::array<char, 65536> buffer{};
    if (gzgets(file, buffer.data(), static_cast<int>(buffer.size())) != nullptr) line = buffer.data();
    gzclose(file);
  }
  return std::string(text::trim(line));
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
  explicit RowCounter(char delimiter) : delimiter_(delimiter) {}

  /// The number of values of the row that ends with this letter.
  std::optional<int> take(char letter) {
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
  int values_ = 1;
  int lines_ = 0;
  bool quoted_ = false;
  bool is_blank_ = true;
};

// Left to itself the engine skips lines until the rest fits, and takes lines that begin with `#` for comments.
std::string csv_options(const CsvDialect& dialect, CellTypes types) {
  const std::string quote = sql::literal(dialect.quote);
  return fmt::format(", delim = {}, header = {}, quote = {}, escape = {}, encoding = {}, strict_mode = true, null_padding = false, "
                     "skip = 0, comment = '', {}",
                     sql::literal(dialect.delimiter), dialect.header, quote, quote, sql::literal(dialect.encoding),
                     types == CellTypes::Text ? "all_varchar = true" : "sample_size = -1");
}

std::string compression(const SourceTable& table) {
  const std::string written = option(table, "compression");
  return written.empty() ? "" : fmt::format(", compression = {}", sql::literal(written));
}

}  // namespace

CsvDialect csv_dialect(const SourceTable& table, const std::filesystem::path& file) {
  const std::string line = first_line(file);
  CsvDialect dialect;
  dialect.delimiter = option(table, "delimiter", delimiter_of(line));
  dialect.header = option(table, "header", is_header(line, dialect.delimiter) ? "true" : "false") == "true";
  dialect.quote = option(table, "quote", dialect.quote);
  dialect.encoding = option(table, "encoding", dialect.encoding);
  return dialect;
}

std::optional<RaggedRow> find_ragged_row(const std::filesystem::path& file, const std::string& delimiter) {
  struct Close {
    void operator()(gzFile_s* opened) const { gzclose(opened); }
  };
  const std::unique_ptr<gzFile_s, Close> opened(gzopen(file.c_str(), "rb"));
  if (!opened || delimiter.size() != 1 || file.extension() == ".zst") return std::nullopt;
  RowCounter counter(delimiter[0]);
  std::array<char, 65536> buffer{};
  int expected = 0;
  for (int size = 0; (size = gzread(opened.get(), buffer.data(), buffer.size())) > 0;) {
    for (const char letter : std::span(buffer.data(), static_cast<std::size_t>(size))) {
      const auto values = counter.take(letter);
      if (!values) continue;
      if (expected == 0) expected = *values;
      if (*values != expected) return RaggedRow{counter.lines(), *values, expected};
    }
  }
  return std::nullopt;
}

FileFormat format_of(const SourceTable& table, const std::string& name) {
  std::string format = option(table, "format");
  if (format.empty()) {
    std::filesystem::path path(text::lower(name));
    if (path.extension() == ".gz" || path.extension() == ".zst") path.replace_extension();
    format = path.extension().string();
  }
  if (format == "csv" || format == ".csv" || format == ".tsv" || format == ".txt") return FileFormat::Csv;
  if (format == "json" || format == ".json" || format == ".jsonl" || format == ".ndjson") return FileFormat::JsonText;
  if (format == "parquet" || format == ".parquet") return FileFormat::Parquet;
  throw Error(ErrorKind::Project, fmt::format("the name of `{}` does not say what is in it", name))
      .at(table.position)
      .hint("give `format: csv`, `json` or `parquet`");
}

std::string read_function(const SourceTable& table, FileFormat format, std::span<const std::string> paths,
                          const CsvDialect& dialect, CellTypes types) {
  std::vector<std::string> literals;
  for (const std::string& path : paths) literals.push_back(sql::literal(path));
  const std::string files = fmt::format("[{}], union_by_name = true, filename = true", fmt::join(literals, ", "));
  switch (format) {
    case FileFormat::Csv: return fmt::format("read_csv({}{}{})", files, csv_options(dialect, types), compression(table));
    case FileFormat::JsonText: return fmt::format("read_json({}, sample_size = -1{})", files, compression(table));
    case FileFormat::Parquet: return fmt::format("read_parquet({})", files);
  }
  return {};
}

}  // namespace lochan
