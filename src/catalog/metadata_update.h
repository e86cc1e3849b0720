// A commit's updates, applied to a table's metadata (REST spec: TableUpdate).
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "base/json.h"

namespace lochan {

/// One commit to one table. Ids that the client gave to what it adds are only good within its commit: the table may
/// have an equal schema already, or use the id for another one.
class MetadataUpdate {
 public:
  MetadataUpdate(Json metadata, std::int64_t now_ms);

  /// Throws Error{Usage} (400) for an update that is unknown or makes no sense, Error{Conflict} for a snapshot that
  /// came too late.
  void apply(const Json& updates);

  /// The metadata after the updates, with its log and time as of now.
  Json finish() &&;

  const std::set<std::int64_t>& added_snapshots() const { return added_snapshots_; }

 private:
  void apply_one(const Json& update);
  void assign_uuid(const Json& update);
  void upgrade_format_version(const Json& update);
  void add_schema(const Json& update);
  void set_current_schema(const Json& update);
  void remove_schemas(const Json& update);
  void add_spec(const Json& update);
  void set_default_spec(const Json& update);
  void remove_specs(const Json& update);
  void add_sort_order(const Json& update);
  void set_default_sort_order(const Json& update);
  void add_snapshot(const Json& update);
  void set_snapshot_ref(const Json& update);
  void remove_snapshots(const Json& update);
  void remove_snapshot_ref(const Json& update);
  void set_location(const Json& update);
  void set_properties(const Json& update);
  void remove_properties(const Json& update);
  void set_statistics(const Json& update, const char* list);
  void remove_statistics(const Json& update, const char* list);
  int current_id(const std::map<int, int>& added, int last_added, int client_id) const;

  Json metadata_;
  const std::int64_t now_ms_;
  std::map<int, int> schemas_, specs_, orders_;  // client's id → the table's, of those added here
  int last_schema_ = -1, last_spec_ = -1, last_order_ = -1;
  std::set<std::int64_t> added_snapshots_;
};

}  // namespace lochan
