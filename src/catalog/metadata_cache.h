// Metadata files that were read or written lately, parsed. A file of a table's or view's metadata never changes, so
// nothing here is ever out of date.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/json.h"
#include "catalog/object_store.h"
#include "catalog/table_metadata.h"

namespace lochan {

/// May be shared between threads.
class MetadataCache {
 public:
  MetadataCache(ObjectStore& store, std::size_t max_bytes) : store_(store), max_bytes_(max_bytes) {}

  /// Reads the file when it isn't here. Throws Error{NotFound} when it is gone, Error{Data} when it can't be read.
  std::shared_ptr<const Json> read(const std::string& location);
  /// Writes a new file and keeps it. A crash leaves at most a file that nothing names.
  std::shared_ptr<const Json> write(const std::string& location, Json metadata);
  /// As `read`, as the refs that don't change under their readers serve it (see `pinned_metadata`).
  std::shared_ptr<const Json> read_pinned(const std::string& location, Pinned by, std::int64_t now_ms);

  /// The store's name of a location. Throws Error{Data} when it lies outside the lake.
  std::string name_of(const std::string& location) const;

 private:
  struct Kept {
    std::string key;
    std::shared_ptr<const Json> metadata;
    std::size_t bytes = 0;
  };
  std::shared_ptr<const Json> find(const std::string& key);
  std::shared_ptr<const Json> keep(const std::string& key, std::shared_ptr<const Json> metadata, std::size_t bytes);

  ObjectStore& store_;
  const std::size_t max_bytes_;  // of the files' text; parsed they take several times as much
  std::mutex mutex_;
  std::list<Kept> kept_;                                     // guarded by mutex_; lately used first
  std::map<std::string, std::list<Kept>::iterator> by_key_;  // guarded by mutex_
  std::size_t bytes_ = 0;                                    // guarded by mutex_
};

}  // namespace lochan
