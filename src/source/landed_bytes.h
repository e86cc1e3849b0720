// Files of any kind, byte for byte in the lake: `landing/<connection>/<table>/files/<sha256>`, each content once. They
// stay as long as the lake does: the table's rows name them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "project/column.h"
#include "source/file_reading.h"
#include "source/landing.h"

namespace lochan {

/// The folder of a table's landing that no retention touches.
inline constexpr std::string_view kLandedFiles = "files";

struct LandedBytes {
  FoundFile file;
  std::string sha256;
  std::string location;  // the object, relative to the lake
  std::filesystem::path path;
};

/// Puts a file there unless its bytes are there already.
LandedBytes land_bytes(const Landing& landing, const std::string& connection, const std::string& table,
                       const LocalFile& file);

/// The columns of a table of bytes; `content` only where small files are wanted in it.
std::vector<Column> bytes_columns(bool has_content);

/// Writes a row for each as a line of JSON; returns the select that reads it. Files of this size and smaller are in
/// `content`.
std::string bytes_select(std::span<const LandedBytes> files, std::optional<std::uint64_t> in_table,
                         const std::filesystem::path& copy);

}  // namespace lochan
