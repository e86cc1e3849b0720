// A file that can't be read as it is, taken apart: its sound records go to a copy that can be read, with the line on which each
// begins; the others are refused one by one, with their lines as they were received.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/rejected_rows.h"
#include "source/file_format.h"

namespace lochan {

/// The column of a copy that says on which line of the file a record begins.
inline const std::string kLineColumn = "_lochan_line";

struct DamagedFile {
  std::filesystem::path path;
  std::string name;  // for positions
  FileFormat format = FileFormat::Csv;
  CsvDialect dialect{};                        // of CSV
  std::map<std::int64_t, std::string> refuse{};  // records to refuse besides, by their line, and why
};

struct PartedFile {
  std::vector<Refused::Record> refused;
  std::int64_t sound = 0;  // records in the copy
};

/// Writes the sound records to `copy`, which is not packed, and gives the others. Nothing when the file can't be taken apart: it is no text of lines,
/// it ends within a quoted value, or it is no text in its encoding.
std::optional<PartedFile> take_apart(const DamagedFile& file, const std::filesystem::path& copy);

}  // namespace lochan
