// Writing tables through a token: commits, creates and drops, on main (each a publication) or on a branch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "catalog/catalog_impl.h"
#include "catalog/table_access.h"

namespace lochan {

/// For one request; the caller keeps the grant in use until this returns.
class TableWriter {
 public:
  TableWriter(Catalog::Impl& catalog, const TokenScope& scope) : catalog_(catalog), scope_(scope) {}

  std::vector<LoadedMetadata> commit(std::span<const TableCommit> commits);
  LoadedMetadata create(const TableName& table, const Json& request);
  void drop(const TableName& table);

 private:
  /// What a commit makes of one table.
  struct Change {
    TableName table;
    std::optional<BranchRow> own;  // what the branch had of its own,
    std::optional<Entry> before;   // and what the ref showed, when this was prepared
    Json metadata;
    Entry entry;  // filled in when the file is written
    bool is_drop = false;
  };

  BoundRef bind_for_writing(std::span<const TableName> tables) const;
  void check_may_write(const BoundRef& ref, const TableName& table) const;
  Change start(const BoundRef& ref, const TableName& table) const;
  Change prepare(const BoundRef& ref, const TableCommit& commit, std::int64_t instant_ms) const;
  /// The metadata that a creating commit's updates are applied to.
  Json start_create(const BoundRef& ref, const Change& change, const Json& updates, std::int64_t instant_ms) const;
  bool is_done(const Change& change, const TableCommit& commit) const;
  std::optional<std::vector<LoadedMetadata>> already_done(const BoundRef& ref,
                                                          std::span<const TableCommit> commits) const;
  LoadedMetadata loaded(const BoundRef& ref, const Entry& entry) const;
  void write_file(const BoundRef& ref, Change& change) const;
  /// False when somebody else was first: prepare again.
  bool swap(const BoundRef& ref, std::span<const Change> changes, std::int64_t instant_ms, const PendingWrite* pending = nullptr);
  bool swap_main(std::span<const Change> changes, std::int64_t instant_ms);
  bool swap_branch(const Branch& branch, std::span<const Change> changes);

  Catalog::Impl& catalog_;
  const TokenScope& scope_;
};

/// What an immutable layer refuses of a commit's updates; empty for an append.
std::string rewriting_update(const Json& updates);

}  // namespace lochan
