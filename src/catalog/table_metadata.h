// A table's metadata (spec: "Table Metadata", format version 2) as a JSON document: made, looked into, finished.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "catalog/catalog.h"

namespace lochan {

inline constexpr int kFormatVersion = 2;
/// A summary's word that the snapshot holds the rows of an older data version: what a rewrite or a compaction leaves.
inline constexpr const char* kDataVersionKey = "lochan.data-version";

/// The metadata of a table that isn't there yet, from the spec's CreateTableRequest. Throws Error{Usage} (400) for what
/// the request lacks and for other format versions.
Json new_table_metadata(const Json& request, const std::string& location, std::int64_t now_ms);
/// What the first commit of a staged create starts from: everything else comes with its updates.
Json empty_table_metadata(const std::string& location, std::int64_t now_ms);
/// Throws Error{Usage} when a commit left out what a table must have; fills in an unpartitioned spec and no order.
void complete_new_table(Json& metadata);

/// Throws Error{Usage} for a property that would lead files away from the table's location.
void check_property(const std::string& key);

/// The entry that plans read instead of the file.
Entry describe_table(const TableName& table, const std::string& location, const Json& metadata);

/// Nothing when the table has no snapshot yet.
std::optional<std::int64_t> current_snapshot_id(const Json& metadata);
const Json* find_snapshot(const Json& metadata, std::int64_t id);
const Json* find_by_id(const Json& list, const char* key, std::int64_t id);
void erase_by_id(Json& list, const char* key, std::int64_t id);
/// The newest snapshot that changed data, as text; "0" for a table without one.
std::string data_version(const Json& metadata);
std::string snapshot_operation(const Json& snapshot);

/// Marks the current snapshot as holding the rows that `before` had, whatever files it rewrote.
void keep_data_version(Json& metadata, const std::optional<Entry>& before);

/// Points the ref `main` and current-snapshot-id to a snapshot; the log is the caller's. With none, the table has no
/// snapshots at all: DuckDB 1.5.5 shows the last one of a table that has some and none that is current.
void point_main(Json& metadata, std::optional<std::int64_t> snapshot);

/// Appends the metadata that main pointed to until now; the log stays bounded.
void log_metadata(Json& metadata, const std::string& previous_location, std::int64_t previous_updated_ms);

/// What serves metadata: a branch, on which the engine that reads it commits too, or a publication, as it was.
enum class Pinned { Branch, Publication };

/// The copy that every ref but `main` serves. DuckDB reads an older file of `metadata-log` when `last-updated-ms` is
/// later than its transaction's start; after a clock's step, or a publish in the same millisecond, that would be a
/// state from before the branch's base. What can't change under its reader needs no log. Of the snapshots it takes the
/// last one that `snapshot-log` has before its transaction's start: a log that is ahead of `now_ms`, because the clock
/// was set back, is told as one of a day ago. Iceberg's Java library refuses a `last-updated-ms` before the log's end.
Json pinned_metadata(const Json& metadata, Pinned by, std::int64_t now_ms);
/// Whether its `snapshot-log` ends later than that.
bool is_ahead(const Json& metadata, std::int64_t now_ms);

/// `<location>/metadata/00007-<uuid>.metadata.json`; the number is one more than the previous file's.
std::string next_metadata_location(const std::string& location, const std::string& previous);

}  // namespace lochan
