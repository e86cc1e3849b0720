// Files and locks, with errors that name the path.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace lochan {

/// Throws Error{NotFound} when it isn't there, Error{Unavailable} when it can't be read.
std::string read_file(const std::filesystem::path& path);

/// Whether the file's bytes must outlive a power cut before the call returns.
enum class Durability { Fast, Synced };

/// Written beside and renamed, so a reader sees the old or the new file whole. Makes missing folders.
void write_file(const std::filesystem::path& path, std::string_view bytes, Durability durability = Durability::Fast);

/// As `write_file`, where there is no file of that name yet: false when there is one.
bool write_new_file(const std::filesystem::path& path, std::string_view bytes);

/// Throws the right Error for `errno`: no space and read-only are told apart, each with what to do.
[[noreturn]] void throw_file_error(std::string_view action, const std::filesystem::path& path, int error_number);

/// An advisory lock (flock) on a file, held as long as this object and this process live.
class FileLock {
 public:
  /// Nothing when another process holds it. Makes the file and its folder.
  static std::optional<FileLock> try_acquire(const std::filesystem::path& path);
  /// Waits until it is free.
  static FileLock acquire(const std::filesystem::path& path);
  /// Whether some process holds it now; doesn't make the file.
  static bool is_held(const std::filesystem::path& path);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace lochan
