#include "run/lake_files.h"

#include <fmt/format.h>

#include <functional>
#include <future>

#include "base/error.h"
#include "base/json.h"
#include "catalog/avro_file.h"

namespace lochan {
namespace {

constexpr std::size_t kReadAtOnce = 8;  // a bucket answers many at a time, each after a while

class Files {
 public:
  explicit Files(ObjectStore& store) : store_(store) {}

  std::set<std::string> names(const std::set<std::string>& uris) const {
    std::set<std::string> names;
    for (const std::string& uri : uris) names.insert(name(uri));
    return names;
  }

  /// What the records of some Avro files say, each once.
  std::set<std::string> read(const std::set<std::string>& files,
                             const std::function<std::string(const Json&)>& of_record) const {
    std::set<std::string> values;
    for (auto next = files.begin(); next != files.end();) {
      std::vector<std::future<std::set<std::string>>> reading;
      for (; next != files.end() && reading.size() < kReadAtOnce; ++next)
        reading.push_back(std::async(std::launch::async, [&, file = *next] { return read_one(file, of_record); }));
      for (auto& one : reading) values.merge(one.get());
    }
    return values;
  }

 private:
  std::string name(const std::string& uri) const {
    if (auto name = store_.name_of(uri)) return std::move(*name);
    throw Error(ErrorKind::Internal, fmt::format("`{}` is not in the lake `{}`", uri, store_.uri("")));
  }

  std::set<std::string> read_one(const std::string& file, const std::function<std::string(const Json&)>& of_record) const {
    std::set<std::string> values;
    read_avro(store_.read(file), [&](const AvroHeader&, const Json& record) { values.insert(name(of_record(record))); });
    return values;
  }

  ObjectStore& store_;
};

// Iceberg's spec, "Manifest Lists" and "Manifests", names the fields.
std::string manifest_of(const Json& record) { return record.at("manifest_path"); }
std::string file_of(const Json& record) { return record.at("data_file").at("file_path"); }

}  // namespace

std::set<std::string> reachable_files(const std::vector<ReachableTable>& tables, ObjectStore& store) {
  const Files files(store);
  std::set<std::string> reachable, lists;
  for (const ReachableTable& table : tables) {
    reachable.merge(files.names(table.metadata_files));
    reachable.merge(files.names(table.statistics_files));
    lists.merge(files.names(table.manifest_lists));
  }
  const std::set<std::string> manifests = files.read(lists, manifest_of);
  reachable.merge(files.read(manifests, file_of));
  reachable.insert(lists.begin(), lists.end());
  reachable.insert(manifests.begin(), manifests.end());
  return reachable;
}

}  // namespace lochan
