// Where files lie: a seam with three real implementations, a folder, a bucket of S3 and a web server.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "project/project.h"

namespace lochan {

struct FoundFile {
  std::string name;  // below the place, its parts divided by "/"
  std::uintmax_t size_bytes = 0;
  std::int64_t modified_ns = 0;  // since 1970, by this machine's clock; of a server to the second
  std::string etag{};            // what the server says of its bytes; "" of a folder

  friend bool operator==(const FoundFile&, const FoundFile&) = default;
};

/// What a place needs to know of the attempt that looks into it.
struct PlaceContext {
  Log& log;
  std::function<bool()> is_stopped;
};

/// `fetch` may be called by several threads at once.
class FilePlace {
 public:
  virtual ~FilePlace() = default;

  /// The files there are that match any of the patterns, in order of names. Throws Error{Unavailable} when the place
  /// isn't there.
  virtual std::vector<FoundFile> list(std::span<const std::string> patterns) = 0;
  /// Its bytes, exactly those that were listed, as a file of this machine: the file itself, or `copy`, which is
  /// written. Nothing when it is gone or has other bytes now.
  virtual std::optional<std::filesystem::path> fetch(const FoundFile& file, const std::filesystem::path& copy) = 0;
  /// Whether it still is as it was listed, once it was read where it lies.
  virtual bool is_unchanged(const FoundFile& file) = 0;
  /// Whether a process of this machine is writing it now.
  virtual bool is_being_written(const FoundFile& file) = 0;
  /// How many files it pays to fetch at once; 0: they are read where they lie.
  virtual int fetches_at_once() const = 0;
};

/// `*` stands for any letters but `/`, `**` for those too. Names that are hidden, or end in `.tmp` or `.part`, match
/// nothing: such files are still being written, by custom.
bool matches(const std::string& name, const std::string& pattern);
bool matches_any(const std::string& name, std::span<const std::string> patterns);

/// Errors of it name the connection.
std::unique_ptr<FilePlace> make_file_place(const Connection& connection, const PlaceContext& context);

std::unique_ptr<FilePlace> make_folder_place(const Connection& connection);
std::unique_ptr<FilePlace> make_bucket_place(const Connection& connection, const PlaceContext& context);
std::unique_ptr<FilePlace> make_web_place(const Connection& connection, const PlaceContext& context);

}  // namespace lochan
