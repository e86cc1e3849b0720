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

}  // namespace lochan
