#include "catalog/table_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/hash.h"
#include "catalog/field_ids.h"
#include "catalog/partition_spec.h"
#include "catalog/schema_type.h"

namespace lochan {
namespace {

constexpr std::size_t kMetadataLogLength = 100;
constexpr int kFirstPartitionId = 1000;  // spec: "Partitioning"

Json string_properties(const Json& request) {
  Json properties = Json::object();
  if (!request.contains("properties") || request["properties"].is_null()) return properties;
  for (const auto& [key, value] : request["properties"].items()) {
    if (!value.is_string()) throw Error(ErrorKind::Usage, fmt::format("property `{}` is no text", key));
    check_property(key);
    if (key == "format-version") {
      if (value != std::to_string(kFormatVersion))
        throw Error(ErrorKind::Usage, fmt::format("format version {} is not served", value.get<std::string>()))
            .hint("tables here have format version 2");
      continue;
    }
    properties[key] = value;
  }
  return properties;
}

const Json& required(const Json& request, const char* key) {
  const auto found = request.find(key);
  if (found == request.end() || found->is_null())
    throw Error(ErrorKind::Usage, fmt::format("the request has no `{}`", key));
  return *found;
}

constexpr std::int64_t kLongAgoMs = 24 * 3600 * 1000;

// 0: it names no snapshot.
std::int64_t log_end(const Json& metadata) {
  const auto log = metadata.find("snapshot-log");
  return log == metadata.end() || log->empty() ? 0 : log->back().at("timestamp-ms").get<std::int64_t>();
}

}  // namespace

void check_property(const std::string& key) {
  if (key == "write.data.path" || key == "write.metadata.path" || key == "write.object-storage.path" ||
      key == "write.folder-storage.path")
    throw Error(ErrorKind::Usage, fmt::format("`{}` can't be set", key))
        .hint("a table's files stay under its location, where what nothing needs is found and deleted");
}

Json empty_table_metadata(const std::string& location, std::int64_t now_ms) {
  return {{"format-version", kFormatVersion},
          {"location", location},
          {"last-sequence-number", 0},
          {"last-updated-ms", now_ms},
          {"last-column-id", 0},
          {"schemas", Json::array()},
          {"partition-specs", Json::array()},
          {"last-partition-id", kFirstPartitionId - 1},
          {"sort-orders", Json::array()},
          {"properties", Json::object()},
          {"snapshots", Json::array()},
          {"refs", Json::object()},
          {"snapshot-log", Json::array()},
          {"metadata-log", Json::array()},
          {"statistics", Json::array()},
          {"partition-statistics", Json::array()}};
}

Json new_table_metadata(const Json& request, const std::string& location, std::int64_t now_ms) {
  const Json& schema = required(request, "schema");
  if (!schema.is_object() || !schema.contains("fields") || !schema["fields"].is_array())
    throw Error(ErrorKind::Usage, "the schema has no `fields`");
  Json metadata = empty_table_metadata(location, now_ms);
  metadata["table-uuid"] = random_uuid();
  metadata["properties"] = string_properties(request);
  AssignedIds assigned = assign_field_ids(schema, {}, 0);
  assigned.schema["schema-id"] = 0;
  assigned.schema["type"] = "struct";
  check_schema(assigned.schema);
  metadata["last-column-id"] = assigned.last_column_id;
  metadata["current-schema-id"] = 0;
  metadata["schemas"].push_back(assigned.schema);
  const Json spec = bind_spec(request.value("partition-spec", Json(nullptr)), assigned.by_old_id);
  metadata["default-spec-id"] = add_spec(metadata, spec);
  const Json order = bind_order(request.value("write-order", Json(nullptr)), assigned.by_old_id);
  metadata["default-sort-order-id"] = add_order(metadata, order);
  return metadata;
}

void complete_new_table(Json& metadata) {
  if (!metadata.contains("table-uuid")) metadata["table-uuid"] = random_uuid();
  if (metadata["schemas"].empty()) throw Error(ErrorKind::Usage, "the new table has no schema");
  if (!metadata.contains("current-schema-id")) throw Error(ErrorKind::Usage, "the new table has no current schema");
  if (!metadata.contains("default-spec-id")) metadata["default-spec-id"] = add_spec(metadata, bind_spec(nullptr, {}));
  if (!metadata.contains("default-sort-order-id"))
    metadata["default-sort-order-id"] = add_order(metadata, bind_order(nullptr, {}));
}

Entry describe_table(const TableName& table, const std::string& location, const Json& metadata) {
  Entry entry;
  entry.table = table;
  entry.kind = EntryKind::Table;
  entry.metadata_location = location;
  entry.data_version = data_version(metadata);
  if (const Json* schema = find_by_id(metadata.at("schemas"), "schema-id", metadata.at("current-schema-id")))
    entry.columns = columns_of(*schema);
  for (const auto& [key, value] : metadata.at("properties").items()) entry.properties[key] = value.get<std::string>();
  return entry;
}

std::optional<std::int64_t> current_snapshot_id(const Json& metadata) {
  const auto found = metadata.find("current-snapshot-id");
  if (found == metadata.end() || found->is_null() || *found == -1) return std::nullopt;
  return found->get<std::int64_t>();
}

const Json* find_by_id(const Json& list, const char* key, std::int64_t id) {
  const auto found =
      std::ranges::find_if(list, [&](const Json& item) { return item.value(key, std::int64_t{-1}) == id; });
  return found == list.end() ? nullptr : &*found;
}

void erase_by_id(Json& list, const char* key, std::int64_t id) {
  list.erase(std::remove_if(list.begin(), list.end(), [&](const Json& item) { return item.at(key) == id; }),
             list.end());
}

const Json* find_snapshot(const Json& metadata, std::int64_t id) {
  return find_by_id(metadata.at("snapshots"), "snapshot-id", id);
}

std::string snapshot_operation(const Json& snapshot) {
  const auto summary = snapshot.find("summary");
  return summary == snapshot.end() ? "" : summary->value("operation", "");
}

std::string data_version(const Json& metadata) {
  auto id = current_snapshot_id(metadata);
  if (!id) return "0";
  for (;;) {
    const Json* snapshot = find_snapshot(metadata, *id);
    if (snapshot == nullptr) break;
    if (snapshot->contains("summary") && (*snapshot)["summary"].contains(kDataVersionKey))
      return (*snapshot)["summary"][kDataVersionKey];
    if (snapshot_operation(*snapshot) != "replace" || !snapshot->contains("parent-snapshot-id") ||
        (*snapshot)["parent-snapshot-id"].is_null())
      break;
    id = (*snapshot)["parent-snapshot-id"].get<std::int64_t>();
  }
  return std::to_string(*id);
}

void keep_data_version(Json& metadata, const std::optional<Entry>& before) {
  const auto id = current_snapshot_id(metadata);
  if (!before || before->kind != EntryKind::Table || !id) return;
  for (Json& snapshot : metadata["snapshots"])
    if (snapshot.at("snapshot-id") == *id) snapshot["summary"][kDataVersionKey] = before->data_version;
}

void point_main(Json& metadata, std::optional<std::int64_t> snapshot) {
  if (!snapshot) {
    metadata.erase("current-snapshot-id");
    metadata["refs"] = Json::object();
    for (const char* list : {"snapshots", "snapshot-log", "statistics", "partition-statistics"})
      metadata[list] = Json::array();
    return;
  }
  metadata["current-snapshot-id"] = *snapshot;
  Json& ref = metadata["refs"]["main"];
  ref["snapshot-id"] = *snapshot;
  ref["type"] = "branch";
}

void log_metadata(Json& metadata, const std::string& previous_location, std::int64_t previous_updated_ms) {
  Json& log = metadata["metadata-log"];
  if (!log.is_array()) log = Json::array();
  log.push_back({{"metadata-file", previous_location}, {"timestamp-ms", previous_updated_ms}});
  if (log.size() > kMetadataLogLength)
    log.erase(log.begin(), log.end() - static_cast<Json::difference_type>(kMetadataLogLength));
}

bool is_ahead(const Json& metadata, std::int64_t now_ms) { return log_end(metadata) > now_ms; }

Json pinned_metadata(const Json& metadata, Pinned by, std::int64_t now_ms) {
  Json pinned = metadata;
  pinned["metadata-log"] = Json::array();
  if (is_ahead(metadata, now_ms)) {
    const std::int64_t back = log_end(metadata) - (now_ms - kLongAgoMs);
    for (Json& item : pinned["snapshot-log"]) item["timestamp-ms"] = item.at("timestamp-ms").get<std::int64_t>() - back;
  }
  pinned["last-updated-ms"] = by == Pinned::Publication ? log_end(pinned) : 0;
  return pinned;
}

std::string next_metadata_location(const std::string& location, const std::string& previous) {
  int number = 0;
  const auto slash = previous.rfind('/');
  if (slash != std::string::npos) {
    std::from_chars(previous.data() + slash + 1, previous.data() + previous.size(), number);
    ++number;
  }
  return fmt::format("{}/metadata/{:05}-{}.metadata.json", location, number, random_uuid());
}

}  // namespace lochan
