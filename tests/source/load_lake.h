// Loads tables of one connection into a lake as runs do.
#pragma once

#include "engine/compaction.h"
#include "project/rejected_name.h"
#include "source/load.h"
#include "tests/support/run_lake.h"

namespace lochan {

class LoadLake : public RunLake {
 protected:
  explicit LoadLake(const std::vector<TableName>& tables) : RunLake(with_rejected(tables)) { source_.name = "shop"; }

  static std::vector<TableName> with_rejected(std::vector<TableName> tables) {
    for (const TableName& table : std::vector(tables)) tables.push_back(rejected_table(table));
    return tables;
  }

  Landing landing() {
    Landing landing{store(), clock(), log_, run()};
    landing.tell = [this](const LandingTally& tally) { tally_ = tally; };
    return landing;
  }

  /// One load, published with its cursors. What it throws leaves nothing behind.
  std::vector<LoadedTable> load(Source& source, const Connection& from, const std::vector<const SourceTable*>& tables) {
    LoadRequest request{source_, from, tables, {}, run(), loaded_at_ += std::chrono::seconds{1}};
    request.need_threads = [this] { ++asked_for_threads_; };
    request.may_be_worth_compacting = [this](const TableName& table) { return may_be_worth_rewriting(size(table)->data_files); };
    for (const SourceTable* table : tables) request.current[table->table()] = find(table->table());
    for (const SourceTable* table : tables)
      if (const auto known = size(table->table())) request.sizes[table->table()] = *known;
    for (const SourceTable* table : tables)
      if (find(rejected_table(table->table()))) request.quarantine[table->table()].has_log = true;
    const Landing place = landing();
    request.landing = &place;
    std::vector<LoadedTable> loaded;
    try {
      loaded = lochan::load(session(), source, request);
    } catch (...) {
      abandon();
      throw;
    }
    std::vector<PublishTable> published;
    for (const LoadedTable& table : loaded) {
      std::map<std::string, Cursor> cursors;
      if (const auto& before = request.current.at(table.table); before && before->properties.contains("lochan.cursor"))
        cursors = parse_cursors(before->properties.at("lochan.cursor"));
      cursors[from.name] = table.reached;
      published.push_back({table.table, {{"lochan.cursor", cursors_property(cursors)}}});
      if (table.log_changed) published.push_back({rejected_table(table.table), {}});
    }
    publish(published);
    return loaded;
  }

  SourceConfig source_;
  NullLog log_;
  LandingTally tally_;  // of the last load from an API
  int asked_for_threads_ = 0;
  Instant loaded_at_ = parse_instant("2026-11-20T23:59:50Z");  // the loads go over midnight: two partitions
};

/// The last version of each key, deleted ones left out.
inline std::string latest(const std::string& columns, const std::string& keys = "_source, id",
                          const std::string& table = "sale") {
  return fmt::format(
      "select {} from (select * from LAKE.raw.{} qualify row_number() over (partition by {} order by _loaded_at "
      "desc) = 1) where not _deleted order by all",
      columns, table, keys);
}

}  // namespace lochan
