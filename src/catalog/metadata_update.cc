#include "catalog/metadata_update.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "catalog/field_ids.h"
#include "catalog/partition_spec.h"
#include "catalog/table_metadata.h"

namespace lochan {
namespace {

[[noreturn]] void refuse(std::string message) { throw Error(ErrorKind::Usage, std::move(message)); }

const Json& field(const Json& update, const char* key) {
  const auto found = update.find(key);
  if (found == update.end() || found->is_null())
    refuse(fmt::format("update `{}` has no `{}`", update.value("action", ""), key));
  return *found;
}

// Fields' ids as the client gave them: it has them from the table.
std::map<int, int> own_ids(const Json& schema) {
  std::map<int, int> ids;
  for (const auto& [name, id] : field_ids_by_name(schema)) ids[id] = id;
  return ids;
}

bool is_same_schema(const Json& a, const Json& b) {
  return a.at("fields") == b.at("fields") &&
         a.value("identifier-field-ids", Json::array()) == b.value("identifier-field-ids", Json::array());
}

}  // namespace

MetadataUpdate::MetadataUpdate(Json metadata, std::int64_t now_ms)
    : metadata_(std::move(metadata)), now_ms_(std::max(now_ms, metadata_.value("last-updated-ms", std::int64_t{0}))) {
  for (const char* list : {"snapshots", "snapshot-log", "metadata-log", "statistics", "partition-statistics"})
    if (!metadata_.contains(list) || metadata_[list].is_null()) metadata_[list] = Json::array();
  if (!metadata_.contains("refs") || metadata_["refs"].is_null()) metadata_["refs"] = Json::object();
  if (!metadata_.contains("properties") || metadata_["properties"].is_null()) metadata_["properties"] = Json::object();
}

void MetadataUpdate::apply(const Json& updates) {
  if (!updates.is_array()) refuse("`updates` is no list");
  try {
    for (const Json& update : updates) apply_one(update);
  } catch (const Json::exception& failure) {
    refuse(fmt::format("an update can't be read: {}", failure.what()));
  }
}

void MetadataUpdate::apply_one(const Json& update) {
  const std::string action = field(update, "action");
  if (action == "assign-uuid") return assign_uuid(update);
  if (action == "upgrade-format-version") return upgrade_format_version(update);
  if (action == "add-schema") return add_schema(update);
  if (action == "set-current-schema") return set_current_schema(update);
  if (action == "remove-schemas") return remove_schemas(update);
  if (action == "add-spec") return add_spec(update);
  if (action == "set-default-spec") return set_default_spec(update);
  if (action == "remove-partition-specs") return remove_specs(update);
  if (action == "add-sort-order") return add_sort_order(update);
  if (action == "set-default-sort-order") return set_default_sort_order(update);
  if (action == "add-snapshot") return add_snapshot(update);
  if (action == "set-snapshot-ref") return set_snapshot_ref(update);
  if (action == "remove-snapshots") return remove_snapshots(update);
  if (action == "remove-snapshot-ref") return remove_snapshot_ref(update);
  if (action == "set-location") return set_location(update);
  if (action == "set-properties") return set_properties(update);
  if (action == "remove-properties") return remove_properties(update);
  if (action == "set-statistics") return set_statistics(update, "statistics");
  if (action == "remove-statistics") return remove_statistics(update, "statistics");
  if (action == "set-partition-statistics") return set_statistics(update, "partition-statistics");
  if (action == "remove-partition-statistics") return remove_statistics(update, "partition-statistics");
  refuse(fmt::format("unknown update `{}`", action));
}

void MetadataUpdate::assign_uuid(const Json& update) {
  const std::string uuid = field(update, "uuid");
  if (metadata_.contains("table-uuid") && metadata_["table-uuid"] != uuid) refuse("a table keeps its uuid");
  metadata_["table-uuid"] = uuid;
}

void MetadataUpdate::upgrade_format_version(const Json& update) {
  const int version = field(update, "format-version");
  if (version != kFormatVersion) refuse(fmt::format("format version {} is not served, only 2", version));
}

void MetadataUpdate::add_schema(const Json& update) {
  Json schema = field(update, "schema");
  const int highest = check_schema(schema);
  metadata_["last-column-id"] =
      std::max({metadata_["last-column-id"].get<int>(), highest, update.value("last-column-id", 0)});
  const int client_id = schema.value("schema-id", 0);
  int next = 0;
  for (const Json& known : metadata_["schemas"]) {
    if (is_same_schema(known, schema)) {
      last_schema_ = schemas_[client_id] = known.at("schema-id");
      return;
    }
    next = std::max(next, known.at("schema-id").get<int>() + 1);
  }
  schema["schema-id"] = next;
  schema["type"] = "struct";
  metadata_["schemas"].push_back(std::move(schema));
  last_schema_ = schemas_[client_id] = next;
}

// -1 is the last one added in this commit.
int MetadataUpdate::current_id(const std::map<int, int>& added, int last_added, int client_id) const {
  if (client_id != -1) {
    const auto found = added.find(client_id);
    return found == added.end() ? client_id : found->second;
  }
  if (last_added == -1) refuse("the last one added was asked for, and the commit adds none");
  return last_added;
}

void MetadataUpdate::set_current_schema(const Json& update) {
  const int id = current_id(schemas_, last_schema_, field(update, "schema-id"));
  if (find_by_id(metadata_["schemas"], "schema-id", id) == nullptr) refuse(fmt::format("no schema {}", id));
  metadata_["current-schema-id"] = id;
}

void MetadataUpdate::remove_schemas(const Json& update) {
  for (const Json& id : field(update, "schema-ids")) {
    if (id == metadata_.at("current-schema-id")) refuse("the current schema can't be removed");
    erase_by_id(metadata_["schemas"], "schema-id", id);
  }
}

void MetadataUpdate::add_spec(const Json& update) {
  const Json& spec = field(update, "spec");
  const Json* schema = find_by_id(metadata_["schemas"], "schema-id",
                                  last_schema_ != -1 ? last_schema_ : metadata_.value("current-schema-id", -1));
  if (schema == nullptr) refuse("a partition spec came before the schema");
  last_spec_ = specs_[spec.value("spec-id", 0)] = lochan::add_spec(metadata_, bind_spec(spec, own_ids(*schema)));
}

void MetadataUpdate::set_default_spec(const Json& update) {
  const int id = current_id(specs_, last_spec_, field(update, "spec-id"));
  if (find_by_id(metadata_["partition-specs"], "spec-id", id) == nullptr)
    refuse(fmt::format("no partition spec {}", id));
  metadata_["default-spec-id"] = id;
}

void MetadataUpdate::remove_specs(const Json& update) {
  for (const Json& id : field(update, "spec-ids")) {
    if (id == metadata_.at("default-spec-id")) refuse("the default partition spec can't be removed");
    erase_by_id(metadata_["partition-specs"], "spec-id", id);
  }
}

void MetadataUpdate::add_sort_order(const Json& update) {
  const Json& order = field(update, "sort-order");
  const Json* schema = find_by_id(metadata_["schemas"], "schema-id",
                                  last_schema_ != -1 ? last_schema_ : metadata_.value("current-schema-id", -1));
  if (schema == nullptr) refuse("a sort order came before the schema");
  last_order_ = orders_[order.value("order-id", 0)] = add_order(metadata_, bind_order(order, own_ids(*schema)));
}

void MetadataUpdate::set_default_sort_order(const Json& update) {
  const int id = current_id(orders_, last_order_, field(update, "sort-order-id"));
  if (find_by_id(metadata_["sort-orders"], "order-id", id) == nullptr) refuse(fmt::format("no sort order {}", id));
  metadata_["default-sort-order-id"] = id;
}

void MetadataUpdate::set_location(const Json& update) {
  std::string location = field(update, "location");
  while (location.ends_with('/')) location.pop_back();
  if (location != metadata_.at("location").get<std::string>())
    refuse(fmt::format("a table can't be moved: it lies at `{}`", metadata_["location"].get<std::string>()));
}

void MetadataUpdate::set_properties(const Json& update) {
  for (const auto& [key, value] : field(update, "updates").items()) {
    if (!value.is_string()) refuse(fmt::format("property `{}` is no text", key));
    check_property(key);
    metadata_["properties"][key] = value;
  }
}

void MetadataUpdate::remove_properties(const Json& update) {
  for (const Json& key : field(update, "removals")) metadata_["properties"].erase(key.get<std::string>());
}

}  // namespace lochan
