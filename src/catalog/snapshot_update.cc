// The updates of a commit that concern snapshots, refs and statistics (see metadata_update.h).
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "catalog/file_uri.h"
#include "catalog/metadata_update.h"
#include "catalog/table_metadata.h"

namespace lochan {
namespace {

[[noreturn]] void refuse(std::string message) { throw Error(ErrorKind::Usage, std::move(message)); }

}  // namespace

void MetadataUpdate::add_snapshot(const Json& update) {
  Json snapshot = update.at("snapshot");
  const std::int64_t id = snapshot.at("snapshot-id");
  if (find_snapshot(metadata_, id) != nullptr)
    throw Error(ErrorKind::Conflict, fmt::format("snapshot {} is already there", id));
  const std::string manifests = canonical_uri(snapshot.value("manifest-list", ""));
  if (!manifests.starts_with(metadata_.at("location").get<std::string>() + "/"))
    refuse(fmt::format("the manifest list `{}` is not under the table's location", manifests));
  snapshot["manifest-list"] = manifests;
  const std::int64_t sequence = snapshot.value("sequence-number", std::int64_t{0});
  // Files are ordered by it when deletes are applied: one that came late would bring deleted rows back.
  if (sequence <= metadata_.at("last-sequence-number").get<std::int64_t>())
    throw Error(ErrorKind::Conflict, fmt::format("snapshot {} has sequence number {}, and the table is at {}", id,
                                                 sequence, metadata_["last-sequence-number"].get<std::int64_t>()));
  metadata_["last-sequence-number"] = sequence;
  if (snapshot.contains("schema-id") && !snapshot["schema-id"].is_null())
    snapshot["schema-id"] = current_id(schemas_, last_schema_, snapshot["schema-id"].get<int>());
  if (!snapshot.contains("summary")) snapshot["summary"] = {{"operation", "append"}};
  snapshot["timestamp-ms"] = now_ms_;
  metadata_["snapshots"].push_back(std::move(snapshot));
  added_snapshots_.insert(id);
}

void MetadataUpdate::set_snapshot_ref(const Json& update) {
  const std::string name = update.at("ref-name");
  const std::int64_t id = update.at("snapshot-id");
  if (find_snapshot(metadata_, id) == nullptr) refuse(fmt::format("no snapshot {} for the ref `{}`", id, name));
  Json ref = Json::object();
  for (const char* key : {"type", "snapshot-id", "max-ref-age-ms", "max-snapshot-age-ms", "min-snapshots-to-keep"})
    if (update.contains(key) && !update[key].is_null()) ref[key] = update[key];
  if (name == "main") {
    if (ref.value("type", "branch") != "branch") refuse("the ref `main` is a branch");
    if (current_snapshot_id(metadata_) != id)
      metadata_["snapshot-log"].push_back({{"snapshot-id", id}, {"timestamp-ms", now_ms_}});
    metadata_["current-snapshot-id"] = id;
    ref["type"] = "branch";
  }
  metadata_["refs"][name] = std::move(ref);
}

void MetadataUpdate::remove_snapshots(const Json& update) {
  for (const Json& id : update.at("snapshot-ids")) {
    for (const auto& [name, ref] : metadata_["refs"].items())
      if (ref.at("snapshot-id") == id) refuse(fmt::format("the ref `{}` points to snapshot {}", name, id.dump()));
    erase_by_id(metadata_["snapshots"], "snapshot-id", id);
    for (const char* list : {"statistics", "partition-statistics"}) erase_by_id(metadata_[list], "snapshot-id", id);
  }
}

void MetadataUpdate::remove_snapshot_ref(const Json& update) {
  const std::string name = update.at("ref-name");
  if (name == "main") return point_main(metadata_, std::nullopt);
  metadata_["refs"].erase(name);
}

void MetadataUpdate::set_statistics(const Json& update, const char* list) {
  const Json& file = update.at(std::string_view(list) == "statistics" ? "statistics" : "partition-statistics");
  const Json id = file.at("snapshot-id");
  erase_by_id(metadata_[list], "snapshot-id", id);
  metadata_[list].push_back(file);
}

void MetadataUpdate::remove_statistics(const Json& update, const char* list) {
  const Json& id = update.at("snapshot-id");
  erase_by_id(metadata_[list], "snapshot-id", id);
}

Json MetadataUpdate::finish() && {
  // `main` never pointed to those in the middle of a commit, and what a log names must be there (spec: "snapshot-log").
  const auto current = current_snapshot_id(metadata_);
  Json log = Json::array();
  for (Json& item : metadata_["snapshot-log"]) {
    const std::int64_t id = item.at("snapshot-id");
    if (added_snapshots_.contains(id) && current != id) continue;
    if (find_snapshot(metadata_, id) == nullptr) {
      log.clear();
    } else {
      log.push_back(std::move(item));
    }
  }
  metadata_["snapshot-log"] = std::move(log);
  metadata_["last-updated-ms"] = now_ms_;
  return std::move(metadata_);
}

}  // namespace lochan
