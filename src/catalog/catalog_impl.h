// What the parts of the catalog share. Only this folder includes it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/catalog_rows.h"
#include "catalog/metadata_cache.h"
#include "catalog/tokens.h"

namespace lochan {

/// A ref, looked up: what its reader sees.
struct BoundRef {
  enum class Kind { Main, At, Branch };
  Kind kind = Kind::Main;
  std::int64_t publication = 0;  // of main: now, the one asked for, or the branch's base
  std::optional<Branch> branch;
};

/// Files are being written that no row names yet: tending leaves young ones alone while this lives. A crash leaves its
/// row, which counts for an hour.
class PendingWrite {
 public:
  explicit PendingWrite(Database& state, Instant now);
  ~PendingWrite();
  PendingWrite(const PendingWrite&) = delete;
  PendingWrite& operator=(const PendingWrite&) = delete;

  /// Inside the transaction that names the files: false when it has stood still for so long that they may be gone.
  bool counts() const;

 private:
  Database& state_;
  std::string id_;
};

class Catalog::Impl {
 public:
  Impl(Database& the_state, ObjectStore& the_store, const Clock& the_clock, CatalogOptions the_options);

  /// Throws Error{NotFound} for an unknown ref, a publication beyond retention, or a dropped branch.
  BoundRef bind(const Ref& ref) const;
  std::vector<Entry> entries(const BoundRef& ref) const;
  /// The names and kinds alone.
  std::map<TableName, EntryKind> names(const BoundRef& ref) const;
  std::optional<Entry> find(const BoundRef& ref, const TableName& table) const;
  /// What the branch would read if it had changed nothing.
  std::optional<Entry> inherited(const Branch& branch, const TableName& table) const;

  bool is_immutable(const std::string& layer) const;
  /// An immutable layer's models may be made anew and merged into: their runs only add files. The tables of sources are logs, and
  /// what other engines would do to tables of theirs isn't known.
  bool takes_appends_only(const TableName& table) const;
  bool is_project_table(const TableName& table) const;
  /// `file:///lake/raw/sale`
  std::string table_location(const TableName& table) const;
  /// What who has the scope is told of the table's place.
  std::map<std::string, std::string> table_config(const TableName& table, const TokenScope& scope) const;
  std::int64_t now_ms() const { return to_millis(clock.now()); }
  /// Of the last publication; 0 before the first.
  std::int64_t last_instant_ms() const;
  /// Later than every publication so far, in whole milliseconds: Iceberg has no finer time.
  std::int64_t next_instant_ms() const;
  /// The instant of the oldest publication within retention.
  std::int64_t horizon_ms() const;

  /// Writes the view's file; nothing names it until its row is written. `previous` is null for a new view.
  Entry write_view(const PublishView& view, const Entry* previous, std::int64_t instant_ms);

  Database& state;
  ObjectStore& store;
  const Clock& clock;
  const CatalogOptions options;
  CatalogRows rows;
  MetadataCache metadata;
  Tokens tokens;
};

}  // namespace lochan
