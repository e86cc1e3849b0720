// How files are read: the engine's table function for their format, with the options of the source table.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "project/project.h"

namespace lochan {

enum class FileFormat { Csv, JsonText, Parquet };

/// By the option `format`, else by how the name ends (`.csv.gz` is CSV). Throws Error{Project} at the table's position.
FileFormat format_of(const SourceTable& table, const std::string& name);

enum class CellTypes { Text, FoundOut };  // CSV: every value as text, or as what all of a column's values are

/// How CSV is written: the table's options, else what the first line of a file looks like.
struct CsvDialect {
  std::string delimiter = ",";
  std::string quote = "\"";
  std::string encoding = "utf-8";
  bool header = true;
};
CsvDialect csv_dialect(const SourceTable& table, const std::filesystem::path& file);

/// `read_csv([…], …)`, with the column `filename`. CSV is read strictly, by one dialect: a row with another number
/// of values is an error and never a guess.
std::string read_function(const SourceTable& table, FileFormat format, std::span<const std::string> paths,
                          const CsvDialect& dialect, CellTypes types);

/// The first row that has not as many values as the first one: for telling, when the engine has refused the file.
struct RaggedRow {
  int line = 0;
  int values = 0;
  int expected = 0;
};
std::optional<RaggedRow> find_ragged_row(const std::filesystem::path& file, const std::string& delimiter);

}  // namespace lochan
