// How a sink writes a table as files.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "project/project.h"

namespace lochan {

enum class SinkFormat { Parquet, Csv, JsonText };
enum class SinkCompression { None, Gzip, Snappy, Zstd };

struct SinkFiles {
  SinkFormat format = SinkFormat::Parquet;
  std::vector<LocatedText> partition_by{};                  // a folder for each of their values; PostgreSQL: `month(dt)`
  std::optional<SinkCompression> compression{};             // by default zstd of Parquet, none of the others
  int max_rows = 0;                                         // of a file; 0: any number
  std::string delimiter = ",";                              // csv
  std::string quote = "\"";                                 // csv
  bool header = true;                                       // csv
  std::string null_text{};                                  // csv
  std::vector<std::pair<std::string, Position>> written{};  // the keys that are for files
};

}  // namespace lochan
