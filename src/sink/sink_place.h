// Where a sink's files lie: a seam with two real implementations, a folder and a bucket of S3. A table has a folder
// there; its file `_lochan.json` or the newest of `_lochan/` says which files are the table, of what, and is the mark.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/object_store.h"

namespace lochan {

/// What a commit puts there.
struct FileChange {
  std::vector<std::string> kept;   // of the files that are there
  std::vector<std::string> added;  // names; the files lie under them in `staging()`
  std::string manifest;
};

class SinkPlace {
 public:
  virtual ~SinkPlace() = default;
  /// For people: `/data/out/sale`, `s3://bucket/out/sale`.
  virtual std::string shown() const = 0;
  /// What the last commit said; nothing when there was none.
  virtual std::optional<std::string> manifest() = 0;
  /// The files of the folder by name, with their sizes; without those of ours that say what there is.
  virtual std::map<std::string, std::uint64_t> files() = 0;
  /// Part of the names of new files: so they are nobody else's.
  virtual const std::string& id() const = 0;
  /// An empty local folder, which goes with the object.
  virtual const std::filesystem::path& staging() = 0;
  /// All of it or nothing. Throws Error{Conflict} when somebody else was first since `manifest()` was read.
  virtual void commit(const FileChange& change) = 0;
};

/// `name` is the table's folder, below `root`. `is_cancelled` ends waiting.
std::unique_ptr<SinkPlace> make_sink_folder(const std::filesystem::path& root, const std::string& name,
                                            const std::function<bool()>& is_cancelled);
/// The store's root is the table's folder.
std::unique_ptr<SinkPlace> make_sink_bucket(std::unique_ptr<ObjectStore> store);

}  // namespace lochan
