// What a folder of files is: the manifest of a table that a sink wrote, and its mark. The format is in
// docs/file-sinks.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lochan {

struct ManifestFile {
  std::string name;  // below the table's folder
  std::uint64_t size_bytes = 0;
};

struct FileManifest {
  std::string project;
  std::string sink;
  std::string table;  // the lake's
  std::int64_t publication = 0;
  std::string data_version;
  std::string loaded_at;
  std::int64_t rows = 0;
  std::string setting;  // how the files are written: written anew by another one
  std::vector<std::string> partition_by;
  std::vector<ManifestFile> files;

  std::string text() const;
};

/// Throws Error{Data} for what is none.
FileManifest parse_manifest(const std::string& text, const std::string& shown);

}  // namespace lochan
