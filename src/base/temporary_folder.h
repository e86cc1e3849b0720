// A folder for what one attempt needs on disk, gone with it. What a killed process left is removed by the next one.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace lochan {

class TemporaryFolder {
 public:
  TemporaryFolder() = default;
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  /// Made when it is first asked for, in TMPDIR. Throws Error{Unavailable} when it can't be.
  const std::filesystem::path& path();

 private:
  std::filesystem::path path_;
  int lock_ = -1;
};

/// Of a file there that couldn't be written to its end.
[[noreturn]] void throw_not_written(const std::filesystem::path& file);

}  // namespace lochan
