// The bytes of a file as they were before it was packed: plain, gzip or zstd, whatever its name says.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

namespace lochan {

enum class Packing { None, Gzip, Zstd };
/// By the first bytes of the file.
Packing packing_of(const std::filesystem::path& file);

class ByteStream {
 public:
  /// Throws Error{Unavailable} when it can't be opened.
  explicit ByteStream(const std::filesystem::path& file);
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// How many were put into `into`; 0 at the end, and where it is broken.
  std::size_t read(char* into, std::size_t size);
  /// Whether it was cut off or damaged before its end.
  bool is_broken() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lochan
