// Where the lake's files lie: a seam with two real implementations, a folder and a bucket of S3, and one that puts
// layers into places of their own. Names are relative to the root, their parts divided by "/"; the first part of a
// table's files is its layer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/aws_keys.h"
#include "base/clock.h"
#include "project/project.h"

namespace lochan {

struct ObjectInfo {
  std::string name;
  std::uint64_t size_bytes = 0;
  Instant modified_at;  // by this machine's clock; of a server with coarse time rather too late than too early
  std::string etag{};   // of what lists it: other bytes have another one; "" where there is none
};

/// May be shared between threads. A name that leads out of the root is Error{Data}.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// As engines see the object: "file:///home/anna/lake/raw/sale"; of "" the root's, no slash at its end.
  virtual std::string uri(std::string_view name) const = 0;
  /// The other way round: the object's name; nothing for what isn't in the store.
  virtual std::optional<std::string> name_of(std::string_view uri) const = 0;

  virtual std::string read(std::string_view name) = 0;  // NotFound
  virtual std::optional<ObjectInfo> stat(std::string_view name) = 0;
  /// Whole or not at all. The name is a new one: Error{Conflict} when there is an object of that name with other bytes.
  virtual void create(std::string_view name, std::string_view bytes) = 0;
  /// As `create`, or in place of what is there.
  virtual void write(std::string_view name, std::string_view bytes) = 0;
  /// To and from a file, in pieces: an object may be larger than memory. As `read` and `write`.
  virtual void download(std::string_view name, const std::filesystem::path& file) = 0;
  virtual void upload(std::string_view name, const std::filesystem::path& file) = 0;
  /// No error for those that are gone.
  virtual void remove(std::span<const std::string> names) = 0;
  /// Every object whose name begins with `prefix`, in no order.
  virtual void list(std::string_view prefix, const std::function<void(const ObjectInfo&)>& found) = 0;

  /// Everything written so far, by anyone, outlives a power cut once this returns.
  virtual void sync() = 0;
  /// Makes a folder that engines will write to; nothing to do where there are no folders.
  virtual void make_folder(std::string_view name) = 0;
  /// Throws what stands in the way of using the store: it can't be reached, it refuses us, it isn't as the project asks.
  virtual void check() = 0;

  /// What a table's `config` tells engines of its place (S3's endpoint, region, …); empty for local files. `keys`: what
  /// opens it too; those for outsiders are the `vended` ones, where there are any.
  enum class Keys { None, Vended, Own };
  virtual std::map<std::string, std::string> table_config(std::string_view name, Keys keys) const = 0;

  std::string root_uri() const { return uri(""); }
  void remove(const std::string& name) { remove(std::span(&name, 1)); }
};

/// A folder; makes it when it is missing.
std::unique_ptr<ObjectStore> make_local_store(const std::filesystem::path& root);

struct S3StoreOptions {
  std::optional<std::chrono::seconds> object_lock{};  // the bucket must keep each object so long: see `check`
  int attempts = 7;                                   // of a request, where another may help
  std::chrono::milliseconds first_delay{100};         // before the second attempt; doubled each time, with jitter
  std::string storage_class{};                        // of what is uploaded from files; "": none is asked for
};

/// A bucket, or what lies in it below a prefix. No request is made before one is needed.
std::unique_ptr<ObjectStore> make_s3_store(const LakePlace& place, const Clock& clock, S3StoreOptions options = {});

/// `main`, with some layers elsewhere: names in such a layer are that store's, without their first part.
std::unique_ptr<ObjectStore> make_layered_store(std::unique_ptr<ObjectStore> main,
                                                std::map<std::string, std::unique_ptr<ObjectStore>> layers);

/// As the project says.
std::unique_ptr<ObjectStore> open_lake_store(const Project& project, const Clock& clock);

/// What stands in the way of using the places that are on S3; folders are made when they are opened.
std::vector<Error> find_unusable_places(const Project& project, const Clock& clock);

/// Throws Error{Data} for a name with an empty part, `.` or `..`.
void check_object_name(std::string_view name, std::string_view root_uri);

}  // namespace lochan
