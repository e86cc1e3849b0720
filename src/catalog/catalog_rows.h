// The catalog's rows in the state database: publications, main's entries with their history, branches and theirs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/database.h"
#include "catalog/catalog.h"

namespace lochan {

/// What a branch has for a name: an entry, or that it dropped it (then only the name is filled in).
using BranchRow = Catalog::Savepoint::Row;

/// Reads and writes rows; holds nothing. Whoever writes does so inside Database::write.
class CatalogRows {
 public:
  explicit CatalogRows(Database& state) : state_(state) {}

  /// 0 before the first.
  std::int64_t current_publication() const;
  std::optional<Publication> publication(std::int64_t number) const;
  std::vector<Publication> publications(int limit) const;
  void add_publication(const Publication& publication);

  /// Main as of a publication.
  std::vector<Entry> entries(std::int64_t publication) const;
  std::optional<Entry> find(std::int64_t publication, const TableName& table) const;
  /// Those of them that are there.
  std::map<TableName, Entry> find(std::int64_t publication, std::span<const TableName> tables) const;
  /// Their names and kinds alone, in no order.
  std::vector<std::pair<TableName, EntryKind>> names(std::int64_t publication) const;
  /// From `publication` on, main has this entry.
  void put(const Entry& entry, std::int64_t publication);
  /// From `publication` on, main has none of that name.
  void close(const TableName& table, std::int64_t publication);

  /// The publication that a tag names.
  std::optional<std::int64_t> tag(const std::string& name) const;

  std::optional<Branch> branch(const std::string& name) const;
  std::vector<Branch> branches() const;
  void add_branch(const Branch& branch);
  void set_branch_state(const std::string& name, BranchState state);
  /// Counted up with every change to a branch's rows.
  std::int64_t generation(const std::string& branch) const;

  /// A branch's own rows, or those it got from a named parent when it was made.
  std::vector<BranchRow> branch_rows(const std::string& branch, bool inherited) const;
  struct BranchName {
    TableName table;
    EntryKind kind = EntryKind::Table;
    bool dropped = false;
  };
  /// The names of both, own ones first.
  std::vector<BranchName> branch_names(const std::string& branch) const;
  std::vector<TableName> own_names(const std::string& branch) const;
  std::optional<BranchRow> branch_row(const std::string& branch, const TableName& table, bool inherited) const;
  void put_branch_row(const std::string& branch, const BranchRow& row);
  void erase_branch_row(const std::string& branch, const TableName& table);
  void erase_branch_rows(const std::string& branch);
  /// What `parent` has of its own or inherited becomes what `branch` inherits.
  void inherit(const std::string& branch, const std::string& parent);

 private:
  void count_write(const std::string& branch);

  Database& state_;
};

}  // namespace lochan
