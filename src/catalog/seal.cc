#include "catalog/seal.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <vector>

#include "catalog/table_metadata.h"

namespace lochan {
namespace {

std::optional<std::int64_t> parent_of(const Json& snapshot) {
  const auto found = snapshot.find("parent-snapshot-id");
  if (found == snapshot.end() || found->is_null()) return std::nullopt;
  return found->get<std::int64_t>();
}

// The branch's own snapshots from the last one back to the one of main that they began with.
struct Chain {
  std::vector<const Json*> own;      // newest first
  std::optional<std::int64_t> base;  // none: the table was made anew
};

Chain own_snapshots(const Json& branch, const Json* main) {
  Chain chain;
  for (auto id = current_snapshot_id(branch); id;) {
    if (main != nullptr && find_snapshot(*main, *id) != nullptr) {
      chain.base = id;
      break;
    }
    const Json* snapshot = find_snapshot(branch, *id);
    if (snapshot == nullptr) break;
    chain.own.push_back(snapshot);
    id = parent_of(*snapshot);
  }
  return chain;
}

std::int64_t count_of(const Json& value) {
  std::int64_t count = 0;
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    std::from_chars(text.data(), text.data() + text.size(), count);
  }
  return count;
}

bool is_count_of_change(const std::string& key) {
  return key.starts_with("added-") || key.starts_with("deleted-") || key.starts_with("removed-");
}

// Several snapshots become one. It is no append, even of appends alone: who reads appends on by snapshot finds a file
// by the snapshot that added it, and would miss those of the ones left out.
Json joined_summary(const SealRequest& request, const Chain& chain) {
  Json summary = chain.own.front()->value("summary", Json::object());
  // A rewrite's last snapshot says it all: those before were its tools.
  if (chain.own.size() == 1 || request.data_unchanged) return summary;
  const bool is_rewrite =
      std::ranges::all_of(chain.own, [](const Json* snapshot) { return snapshot_operation(*snapshot) == "replace"; });
  summary["operation"] = is_rewrite ? "replace" : "overwrite";
  summary.erase("changed-partition-count");
  std::map<std::string, std::int64_t> counts;
  for (const Json* snapshot : chain.own) {
    const Json parts = snapshot->value("summary", Json::object());
    for (const auto& [key, value] : parts.items())
      if (is_count_of_change(key)) counts[key] += count_of(value);
  }
  for (const auto& [key, count] : counts) summary[key] = std::to_string(count);
  return summary;
}

// Whether the rows are those of main's data version.
bool keeps_data(const SealRequest& request, const Chain& chain) {
  if (request.main == nullptr) return false;
  if (request.data_unchanged) return true;
  return chain.base == current_snapshot_id(*request.main) && std::ranges::all_of(chain.own, [](const Json* snapshot) {
           return snapshot_operation(*snapshot) == "replace";
         });
}

// It keeps the sequence number that its manifests were written with; those of the ones left out stay unused.
Json sealed_snapshot(const SealRequest& request, const Chain& chain) {
  Json snapshot = *chain.own.front();
  snapshot["timestamp-ms"] = request.instant_ms;
  if (chain.base) {
    snapshot["parent-snapshot-id"] = *chain.base;
  } else {
    snapshot.erase("parent-snapshot-id");
  }
  snapshot["summary"] = joined_summary(request, chain);
  if (keeps_data(request, chain)) snapshot["summary"][kDataVersionKey] = data_version(*request.main);
  return snapshot;
}

// Main's snapshots that retention lets stay: what main pointed to at some instant since the horizon, what refs name.
std::set<std::int64_t> kept_snapshots(const SealRequest& request) {
  std::set<std::int64_t> kept;
  if (request.main == nullptr) return kept;
  const Json log = request.main->value("snapshot-log", Json::array());
  for (std::size_t i = log.size(); i-- > 0;) {
    if (static_cast<int>(kept.size()) + 1 >= request.keep_snapshots) break;
    kept.insert(log[i].at("snapshot-id").get<std::int64_t>());
    if (log[i].at("timestamp-ms").get<std::int64_t>() <= request.horizon_ms) break;
  }
  const Json refs = request.main->value("refs", Json::object());
  for (const auto& [name, ref] : refs.items()) kept.insert(ref.at("snapshot-id").get<std::int64_t>());
  if (const auto current = current_snapshot_id(*request.main)) kept.insert(*current);
  return kept;
}

Json select(const Json& list, const char* key, const std::set<std::int64_t>& ids) {
  Json selected = Json::array();
  for (const Json& item : list)
    if (ids.contains(item.at(key).get<std::int64_t>())) selected.push_back(item);
  return selected;
}

// Schemas that no kept snapshot has and that aren't current leave: an engine's passing ones, and old ones in time. The
// last one stays, so that no id is ever given twice.
void trim_schemas(Json& metadata) {
  std::set<std::int64_t> used{metadata.at("current-schema-id").get<std::int64_t>()};
  std::int64_t last = 0;
  for (const Json& schema : metadata["schemas"]) last = std::max(last, schema.at("schema-id").get<std::int64_t>());
  used.insert(last);
  for (const Json& snapshot : metadata["snapshots"])
    if (snapshot.contains("schema-id") && !snapshot["schema-id"].is_null())
      used.insert(snapshot["schema-id"].get<std::int64_t>());
  metadata["schemas"] = select(metadata["schemas"], "schema-id", used);
}

void trim_log(Json& log, const Json& snapshots) {
  Json kept = Json::array();
  for (const Json& item : log)
    if (find_by_id(snapshots, "snapshot-id", item.at("snapshot-id").get<std::int64_t>()) != nullptr)
      kept.push_back(item);
  log = std::move(kept);
}

// What both kinds of sealing do to main's history at the end.
void go_on(Json& sealed, const Json* main, const std::string& main_location, std::int64_t instant_ms) {
  sealed["snapshot-log"] = main != nullptr ? main->value("snapshot-log", Json::array()) : Json::array();
  trim_log(sealed["snapshot-log"], sealed["snapshots"]);
  const auto current = current_snapshot_id(sealed);
  const auto before = main != nullptr ? current_snapshot_id(*main) : std::nullopt;
  if (current && current != before)
    sealed["snapshot-log"].push_back({{"snapshot-id", *current}, {"timestamp-ms", instant_ms}});
  sealed["metadata-log"] = main != nullptr ? main->value("metadata-log", Json::array()) : Json::array();
  if (main != nullptr) log_metadata(sealed, main_location, main->at("last-updated-ms"));
  sealed["last-updated-ms"] = instant_ms;
}

}  // namespace

Json seal(const SealRequest& request) {
  const Chain chain = own_snapshots(request.branch, request.main);
  Json sealed = request.branch;
  const auto current = current_snapshot_id(request.branch);

  std::set<std::int64_t> kept = kept_snapshots(request);
  if (chain.base) kept.insert(*chain.base);
  sealed["snapshots"] = request.main != nullptr
                            ? select(request.main->value("snapshots", Json::array()), "snapshot-id", kept)
                            : Json::array();
  if (!chain.own.empty()) sealed["snapshots"].push_back(sealed_snapshot(request, chain));

  sealed["refs"] = request.main != nullptr ? request.main->value("refs", Json::object()) : Json::object();
  point_main(sealed, current);
  if (current) kept.insert(*current);
  for (const char* list : {"statistics", "partition-statistics"})
    sealed[list] = select(request.branch.value(list, Json::array()), "snapshot-id", kept);
  trim_schemas(sealed);
  // Main may have gone on by a rewrite since the branch was made.
  if (request.main != nullptr)
    sealed["last-sequence-number"] = std::max(request.branch.at("last-sequence-number").get<std::int64_t>(),
                                              request.main->at("last-sequence-number").get<std::int64_t>());
  for (const auto& [key, value] : request.properties) sealed["properties"][key] = value;
  go_on(sealed, request.main, request.main_location, request.instant_ms);
  return sealed;
}

Json seal_rollback(const Json& then, const Json* main, const std::string& location, std::int64_t instant_ms) {
  Json sealed = main != nullptr ? *main : then;
  const auto target = current_snapshot_id(then);
  // What left main's metadata since then comes back with the file that is still there.
  const auto bring = [&](const char* list, const char* key, std::int64_t id) {
    const Json* old = find_by_id(then.at(list), key, id);
    if (old != nullptr && find_by_id(sealed[list], key, id) == nullptr) sealed[list].push_back(*old);
  };
  if (target) bring("snapshots", "snapshot-id", *target);
  for (const Json& schema : then.at("schemas"))
    bring("schemas", "schema-id", schema.at("schema-id").get<std::int64_t>());
  for (const Json& spec : then.at("partition-specs"))
    bring("partition-specs", "spec-id", spec.at("spec-id").get<std::int64_t>());
  for (const Json& order : then.at("sort-orders"))
    bring("sort-orders", "order-id", order.at("order-id").get<std::int64_t>());
  for (const char* key : {"current-schema-id", "default-spec-id", "default-sort-order-id", "properties"})
    sealed[key] = then.at(key);
  point_main(sealed, target);
  go_on(sealed, main != nullptr ? main : &then, location, instant_ms);
  return sealed;
}

}  // namespace lochan
