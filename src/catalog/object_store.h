// Where the lake's files lie: a seam with a folder now and S3 beside it later. Names are relative to the root, their
// parts divided by "/".
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace lochan {

struct ObjectInfo {
  std::string name;
  std::uint64_t size_bytes = 0;
  Instant modified_at;
};

/// May be shared between threads. A name that leads out of the root is Error{Data}.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  /// The URI that engines see: "file:///home/anna/lake" (no slash at its end).
  virtual std::string root_uri() const = 0;
  virtual std::string read(std::string_view name) = 0;                    // NotFound
  virtual void write(std::string_view name, std::string_view bytes) = 0;  // whole or not at all
  virtual void remove(std::string_view name) = 0;                         // no error when it is gone
  /// Every object whose name begins with `prefix`, in no order.
  virtual void list(std::string_view prefix, const std::function<void(const ObjectInfo&)>& found) = 0;
  /// Everything written so far, by anyone, outlives a power cut once this returns.
  virtual void sync() = 0;
  /// Makes a folder that engines will write to; nothing to do where there are no folders.
  virtual void make_folder(std::string_view name) = 0;
  /// What a table's `config` tells engines (S3's endpoint, region, …); empty for local files.
  virtual std::map<std::string, std::string> table_config() const = 0;
};

/// A folder; makes it when it is missing.
std::unique_ptr<ObjectStore> make_local_store(const std::filesystem::path& root);

}  // namespace lochan
