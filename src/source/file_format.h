// How files are read: the engine's table function for their format, with the options of the source table.
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "project/column.h"
#include "project/project.h"

namespace lochan {

/// What the engine reads; other formats are first made into one of them.
enum class FileFormat { Csv, JsonText, XmlText, Parquet };  // XmlText: JSON of texts, of known names

/// An option of the table as it is written.
std::string file_option(const SourceTable& table, const std::string& name, const std::string& otherwise = "");
/// Throws Error{Project} at the table's position when nothing says what is in the file.
std::string require_format_word(const SourceTable& table, const std::string& name);

enum class CellTypes { Text, FoundOut };  // CSV: every value as text, or as what all of a column's values are

/// How CSV is written: the table's options, else what the first line of a file looks like.
struct CsvDialect {
  std::string delimiter = ",";
  std::string quote = "\"";
  std::string escape = "\"";
  bool header = true;
  std::int64_t skip = 0;  // lines before the header

  friend auto operator<=>(const CsvDialect&, const CsvDialect&) = default;
};
CsvDialect csv_dialect(const SourceTable& table, const std::filesystem::path& file);

/// Files that one call of a table function can read.
struct FileGroup {
  FileFormat format = FileFormat::Csv;
  CsvDialect dialect{};

  friend auto operator<=>(const FileGroup&, const FileGroup&) = default;
};

/// `read_csv([…], …)`, with the column `filename`. CSV is read strictly, by one dialect: a row with another number
/// of values is an error and never a guess. `columns`: of XmlText. Without them the engine reads it once more to find them.
std::string read_function(const SourceTable& table, const FileGroup& group, std::span<const std::string> paths, CellTypes types,
                          std::span<const Column> columns = {});

/// A cell of text as the engine can cast it to the type: with a decimal point, dates as ISO 8601 has them.
std::string cell_as_written(const SourceTable& table, const std::string& cell, const std::string& type);
/// Whether values of the one type may have a fraction that the other drops without a word.
bool may_lose_fraction(const std::string& from, const std::string& type);
/// SQL: whether `name`, which is of type `from`, has a value that is none of `type`; fractions are none of whole numbers.
std::string is_no_value(const std::string& name, const std::string& from, const std::string& type);

/// The first row that has not as many values as the first one: for telling, when the engine has refused the file.
struct RaggedRow {
  int line = 0;
  int values = 0;
  int expected = 0;
};
std::optional<RaggedRow> find_ragged_row(const std::filesystem::path& file, const CsvDialect& dialect);

}  // namespace lochan
