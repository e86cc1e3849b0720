// What a `layer.name` stands for at a ref: the session's lake table, or a view's SELECT with its own names put in
// place.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "engine/shadow.h"

namespace lochan {

/// May be shared between threads. `shadow` is used for parsing only, by this object alone.
class Resolver {
 public:
  /// What names stand for that are no tables of the lake; nothing for the others.
  using Outside = std::function<std::optional<std::string>(const TableName&)>;
  Resolver(const Catalog& catalog, Ref ref, Outside outside = {})
      : catalog_(catalog), ref_(std::move(ref)), outside_(std::move(outside)) {}

  std::optional<Entry> find(const TableName& table) const { return catalog_.find(ref_, table); }
  /// `lake` is the name that the asking session has attached the ref by. Throws Error{Usage} with the nearest name for
  /// a table that isn't there.
  std::string name(const TableName& table, const std::string& lake);
  /// As the table was when its base tables (itself, or those a view reads) had these data versions; nothing when the lake
  /// doesn't know that any more.
  std::optional<std::string> name_then(const TableName& table, const std::string& lake,
                                       const std::map<TableName, std::string>& versions);
  /// What the table reads in the end, itself among them: tables with their data versions, views with their fingerprints.
  void add_versions(const TableName& table, std::map<TableName, std::string>& versions) const;
  /// Of the tables that were named so far, and those behind their views, the ones of which a part is archived.
  std::vector<std::string> archive_notes() const;
  /// A whole query, with its names put in place.
  std::string query(const std::string& sql, const std::string& lake, const std::string& file = "query");

 private:
  ParsedQuery parse(const std::string& sql, const std::string& file);
  std::string resolve(const TableName& table, const std::string& lake, std::vector<TableName>& path);

  const Catalog& catalog_;
  const Ref ref_;
  const Outside outside_;
  mutable std::mutex mutex_;
  std::map<TableName, std::string> notes_;     // guarded by mutex_
  std::optional<Shadow> shadow_;               // made when there is something to parse; guarded by mutex_
  std::map<std::string, ParsedQuery> parsed_;  // guarded by mutex_
};

}  // namespace lochan
