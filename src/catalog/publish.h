// One publish: what it moves is checked, written to files, and then swapped in by one transaction.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/catalog_impl.h"

namespace lochan {

class Publish {
 public:
  Publish(Catalog::Impl& catalog, const PublishRequest& request);
  PublishOutcome run();

 private:
  using Entries = std::map<TableName, Entry>;

  /// What one name becomes on the target.
  struct Move {
    TableName table;
    std::optional<Entry> base;     // the target's when the branch was made: must be so still
    std::optional<Entry> becomes;  // nothing: it is dropped
  };

  bool swap(std::int64_t instant_ms, PublishOutcome& outcome);
  bool was_kept(std::int64_t instant_ms, const PublishOutcome& outcome);
  void collect_moves();
  void follow_rewrites();
  std::vector<TableName> conflicts() const;
  /// Writes the files; sets what each move becomes.
  void write_files(std::int64_t instant_ms);
  Entry sealed(const PublishTable& table, const std::optional<Entry>& base, std::int64_t instant_ms,
               std::int64_t horizon_ms);
  Entry moved(const PublishTable& table, const std::optional<Entry>& base, std::int64_t instant_ms);
  std::int64_t swap_on_main(std::int64_t instant_ms);
  void swap_on_parent();
  void keep_layers();
  bool has_held_back() const;
  bool is_to_main() const { return branch_.parent == "main"; }
  Entries inherited(const std::vector<TableName>& tables) const;
  Entries current() const;
  const Entry& on_branch(const TableName& table, const std::optional<Entry>& base) const;

  Catalog::Impl& catalog_;
  const PublishRequest& request_;
  Branch branch_;
  std::vector<Move> moves_;
  std::vector<std::pair<TableName, std::optional<Entry>>> guards_;  // with what they were at the base
  std::map<TableName, BranchRow> made_;                             // on the branch
};

}  // namespace lochan
