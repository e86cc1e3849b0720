// The files of a folder that match a pattern, as they are now.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lochan {

struct FoundFile {
  std::string name;              // relative to the folder
  std::uintmax_t size_bytes = 0;
  std::int64_t modified_ns = 0;

  friend bool operator==(const FoundFile&, const FoundFile&) = default;
};

/// In order of names. `*` stands for any letters but `/`, `**` for those too. Throws Error{Unavailable} when the folder isn't
/// there. Hidden files and those that end in `.tmp` or `.part` are still being written, by custom, and left out.
std::vector<FoundFile> list_files(const std::filesystem::path& folder, const std::string& pattern);

}  // namespace lochan
