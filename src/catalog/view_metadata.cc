// Iceberg view files (spec: "Iceberg View Spec", format version 1): for other engines; ours reads `lochan.sql`.
#include <algorithm>

#include "base/hash.h"
#include "catalog/catalog_impl.h"
#include "catalog/schema_type.h"
#include "catalog/table_metadata.h"

namespace lochan {
namespace {

constexpr std::size_t kViewVersions = 10;

Json new_view(const std::string& location) {
  return {{"view-uuid", random_uuid()},   {"format-version", 1},       {"location", location},
          {"schemas", Json::array()},     {"versions", Json::array()}, {"version-log", Json::array()},
          {"properties", Json::object()}, {"current-version-id", 0}};
}

void bound(Json& list) {
  if (list.size() > kViewVersions)
    list.erase(list.begin(), list.end() - static_cast<Json::difference_type>(kViewVersions));
}

// The text is DuckDB's. It stands under other dialects too: they look for their own only, and most SELECTs are the
// same.
Json representations(const std::string& sql) {
  Json list = Json::array();
  for (const char* dialect : {"duckdb", "spark", "trino"})
    list.push_back({{"type", "sql"}, {"sql", sql}, {"dialect", dialect}});
  return list;
}

void add_version(Json& metadata, const PublishView& view, std::int64_t instant_ms) {
  const int id = metadata["current-version-id"].get<int>() + 1;
  Json schema = schema_of(view.columns);
  schema["schema-id"] = id;
  metadata["schemas"].push_back(std::move(schema));
  metadata["versions"].push_back({{"version-id", id},
                                  {"timestamp-ms", instant_ms},
                                  {"schema-id", id},
                                  {"summary", {{"engine-name", "lochan"}}},
                                  {"default-namespace", Json::array({view.table.layer})},
                                  {"representations", representations(view.sql)}});
  metadata["version-log"].push_back({{"version-id", id}, {"timestamp-ms", instant_ms}});
  metadata["current-version-id"] = id;
  for (const char* list : {"schemas", "versions", "version-log"}) bound(metadata[list]);
}

}  // namespace

Entry Catalog::Impl::write_view(const PublishView& view, const Entry* previous, std::int64_t instant_ms) {
  const std::string location = table_location(view.table);
  const bool goes_on = previous != nullptr && previous->kind == EntryKind::View;
  Json file = goes_on ? *metadata.read(previous->metadata_location) : new_view(location);
  Entry entry;
  entry.table = view.table;
  entry.kind = EntryKind::View;
  entry.columns = view.columns;
  entry.data_version = view.data_version;
  entry.properties = view.properties;
  entry.properties.emplace("lochan.sql", view.sql);
  add_version(file, view, instant_ms);
  file["properties"] = entry.properties;
  entry.metadata_location = next_metadata_location(location, goes_on ? previous->metadata_location : "");
  metadata.write(entry.metadata_location, std::move(file));
  return entry;
}

}  // namespace lochan
