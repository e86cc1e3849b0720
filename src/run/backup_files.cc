#include "run/backup_files.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "catalog/avro_file.h"

namespace lochan {
namespace {

constexpr int kFormat = 1;
constexpr int kDeletedStatus = 2;  // Iceberg's spec: "Manifests"

nlohmann::json to_json(const BackupFile& file) { return {{"bytes", file.size_bytes}, {"sha256", file.sha256}}; }

BackupFile parse_file(const nlohmann::json& json) { return {json.at("bytes"), json.at("sha256")}; }

class Gathering {
 public:
  Gathering(Lake& lake, std::set<std::string>& files) : lake_(lake), files_(files) {}

  void add(const Entry& entry, bool all_snapshots) {
    const std::string name = name_of(entry.metadata_location);
    files_.insert(name);
    if (entry.kind == EntryKind::View) return;
    const Json metadata = Json::parse(lake_.store().read(name));
    const Json current = metadata.value("current-snapshot-id", Json());
    for (const Json& snapshot : metadata.value("snapshots", Json::array())) {
      if (!all_snapshots && snapshot.at("snapshot-id") != current) continue;
      add_snapshot(snapshot.at("manifest-list").get<std::string>());
    }
    for (const char* list : {"statistics", "partition-statistics"})
      for (const Json& file : metadata.value(list, Json::array()))
        if (all_snapshots || file.at("snapshot-id") == current)
          files_.insert(name_of(file.at("statistics-path").get<std::string>()));
  }

 private:
  std::string name_of(const std::string& location) const {
    if (const auto name = lake_.store().name_of(location)) return *name;
    throw Error(ErrorKind::Data, fmt::format("`{}` is not in the lake `{}`", location, lake_.store().uri("")));
  }

  void add_snapshot(const std::string& manifest_list) {
    const std::string list = name_of(manifest_list);
    if (!files_.insert(list).second) return;
    read_avro(lake_.store().read(list), [&](const AvroHeader&, const Json& manifest) {
      const std::string name = name_of(manifest.at("manifest_path").get<std::string>());
      if (!files_.insert(name).second) return;
      read_avro(lake_.store().read(name), [&](const AvroHeader&, const Json& record) {
        if (record.at("status") != kDeletedStatus)
          files_.insert(name_of(record.at("data_file").at("file_path").get<std::string>()));
      });
    });
  }

  Lake& lake_;
  std::set<std::string>& files_;
};

}  // namespace

std::string to_text(const Backup& backup) {
  nlohmann::json json = {{"format", kFormat},
                         {"publication", backup.publication},
                         {"at", to_iso8601(backup.at)},
                         {"location", backup.location},
                         {"state", backup.state},
                         {"state_file", to_json(backup.state_file)},
                         {"files", nlohmann::json::object()}};
  for (const auto& [name, file] : backup.files) json["files"][name] = to_json(file);
  return json.dump(1) + "\n";
}

Backup parse_backup(std::string_view text) {
  try {
    const auto json = nlohmann::json::parse(text);
    if (json.at("format") != kFormat)
      throw Error(ErrorKind::Data, fmt::format("it has format {}, and this Lochan knows {}", json.at("format").dump(), kFormat));
    Backup backup{{}, json.at("publication"), parse_instant(json.at("at").get<std::string>()), json.at("location"),
                  json.at("state"), parse_file(json.at("state_file")), {}};
    for (const auto& [name, file] : json.at("files").items()) backup.files.emplace(name, parse_file(file));
    return backup;
  } catch (const nlohmann::json::exception& failure) {
    throw Error(ErrorKind::Data, fmt::format("it is no backup's list of files: {}", failure.what()));
  }
}

std::string to_text(const std::map<std::string, BackupFile>& files) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [name, file] : files) json[name] = to_json(file);
  return json.dump() + "\n";
}

std::map<std::string, BackupFile> parse_files(std::string_view text) {
  try {
    std::map<std::string, BackupFile> files;
    const auto json = nlohmann::json::parse(text);
    for (const auto& [name, file] : json.items()) files.emplace(name, parse_file(file));
    return files;
  } catch (const nlohmann::json::exception& failure) {
    throw Error(ErrorKind::Data, fmt::format("it is no list of copied files: {}", failure.what()));
  }
}

void add_files(Lake& lake, const Ref& ref, bool all_snapshots, std::set<std::string>& files) {
  Gathering gathering(lake, files);
  for (const Entry& entry : lake.catalog().entries(ref)) gathering.add(entry, all_snapshots);
}

}  // namespace lochan
