#include "catalog/rest_load_result.h"

#include <fmt/format.h>

#include <cstdint>
#include <set>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

namespace lochan {
namespace {

std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::set<std::int64_t> named_snapshots(const Json& metadata) {
  std::set<std::int64_t> named;
  if (const auto refs = metadata.find("refs"); refs != metadata.end())
    for (const Json& ref : *refs) named.insert(ref.at("snapshot-id").get<std::int64_t>());
  const auto current = metadata.find("current-snapshot-id");
  if (current != metadata.end() && current->is_number_integer()) named.insert(current->get<std::int64_t>());
  return named;
}

// The metadata's text, with only the snapshots that refs name.
void append_with_named_snapshots(const Json& metadata, std::string& out) {
  const std::set<std::int64_t> named = named_snapshots(metadata);
  char before = '{';
  for (const auto& [key, value] : metadata.items()) {
    out += before + dump(key) + ':';
    before = ',';
    if (key != "snapshots") {
      out += dump(value);
      continue;
    }
    std::string snapshots;
    for (const Json& snapshot : value)
      if (named.contains(snapshot.at("snapshot-id").get<std::int64_t>()))
        snapshots += (snapshots.empty() ? "" : ",") + dump(snapshot);
    out += '[' + snapshots + ']';
  }
  out += '}';
}

std::string metadata_body(const LoadedMetadata& loaded, SnapshotChoice choice) {
  std::string body = "{";
  if (!loaded.metadata_location.empty())
    body += fmt::format(R"("metadata-location":{},)", dump(loaded.metadata_location));
  body += R"("metadata":)";
  if (choice == SnapshotChoice::All) {
    body += dump(*loaded.metadata);
  } else {
    append_with_named_snapshots(*loaded.metadata, body);
  }
  return body;
}

// Clients look for the store's settings in one place or the other: DuckDB in both.
std::string store_settings(const LoadedMetadata& loaded) {
  const Json config = Json(loaded.config.empty() ? Json::object() : Json(loaded.config));
  if (!loaded.config.contains("s3.access-key-id")) return fmt::format(R"("config":{})", dump(config));
  const Json credentials = Json::array({{{"prefix", loaded.metadata->at("location")}, {"config", config}}});
  return fmt::format(R"("config":{},"storage-credentials":{})", dump(config), dump(credentials));
}

}  // namespace

HttpResponse load_response(const LoadedMetadata& loaded, SnapshotChoice choice) {
  HttpResponse response;
  response.body = metadata_body(loaded, choice) + ',' + store_settings(loaded) + '}';
  return response;
}

HttpResponse commit_response(const LoadedMetadata& loaded) {
  HttpResponse response;
  response.body = metadata_body(loaded, SnapshotChoice::All) + '}';
  return response;
}

std::string load_etag(const Ref& ref, const LoadedMetadata& loaded, SnapshotChoice choice) {
  const std::string_view suffix = choice == SnapshotChoice::Refs ? "refs" : "all";
  return fmt::format("\"{}-{}\"", sha256(ref + '\n' + loaded.metadata_location).substr(0, 32), suffix);
}

bool matches_etag(std::string_view if_none_match, std::string_view etag) {
  for (const std::string& part : text::split(if_none_match, ',')) {
    std::string_view tag = text::trim(part);
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == etag || tag == "*") return true;
  }
  return false;
}

}  // namespace lochan
