// The catalog's branches: private views over main, or over a named branch that a run works for.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "catalog/catalog_impl.h"

namespace lochan {
namespace {

void check_name(const std::string& name) {
  const bool is_plain = !name.empty() && std::ranges::all_of(name, [](unsigned char letter) {
    return std::isalnum(letter) != 0 || letter == '_' || letter == '-';
  });
  if (!is_plain || name == "main" || name.starts_with("at-"))
    throw Error(ErrorKind::Usage, fmt::format("`{}` can't be a branch's name", name))
        .hint("use letters, digits, `_` and `-`, such as `dev-anna`; `main` and `at-…` are taken");
}

// Asked in the transaction that writes: a run that was taken over has lost its branch.
void require_open(const CatalogRows& rows, const std::string& name) {
  const auto branch = rows.branch(name);
  if (!branch || branch->state != BranchState::Open)
    throw Error(ErrorKind::Conflict, fmt::format("the branch `{}` is not open any more", name));
}

}  // namespace

// One transaction: after a crash the branch is there with what it inherits, or not at all.
Branch Catalog::create_branch(const std::string& name, BranchKind kind, const std::string& parent) {
  check_name(name);
  Branch branch{name, kind, parent, 0, 0, BranchState::Open, impl_->clock.now()};
  impl_->state.write([&] {
    const auto taken = impl_->rows.branch(name);
    if (taken && taken->state != BranchState::Dropped)
      throw Error(ErrorKind::Conflict, fmt::format("there is a branch `{}` already", name));
    if (impl_->rows.tag(name)) throw Error(ErrorKind::Conflict, fmt::format("there is a tag `{}` already", name));
    const BoundRef base = impl_->bind(parent);
    if (base.kind == BoundRef::Kind::At || (base.branch && base.branch->kind == BranchKind::Run))
      throw Error(ErrorKind::Usage, fmt::format("`{}` can't be the parent of a branch", parent))
          .hint("a branch is made over main or over a named branch");
    if (base.branch && base.branch->state != BranchState::Open)
      throw Error(ErrorKind::Conflict, fmt::format("the branch `{}` is published", parent));
    branch.base_publication = base.publication;
    if (base.branch) branch.base_generation = impl_->rows.generation(parent);
    impl_->rows.add_branch(branch);
    if (base.branch) impl_->rows.inherit(name, parent);
  });
  return branch;
}

std::optional<Branch> Catalog::find_branch(const std::string& name) const { return impl_->rows.branch(name); }
std::vector<Branch> Catalog::branches() const { return impl_->rows.branches(); }

std::vector<Entry> Catalog::branch_changes(const std::string& name, std::vector<TableName>* dropped) const {
  std::vector<Entry> changed;
  for (BranchRow& row : impl_->rows.branch_rows(name, false)) {
    if (!row.dropped) {
      changed.push_back(std::move(row.entry));
    } else if (dropped != nullptr) {
      dropped->push_back(row.entry.table);
    }
  }
  return changed;
}

// The files of a dropped branch stay until tending finds that nothing names them.
void Catalog::mark_branch(const std::string& name, BranchState state) {
  impl_->state.write([&] {
    const auto branch = impl_->rows.branch(name);
    if (!branch) throw Error(ErrorKind::NotFound, fmt::format("there is no branch `{}`", name));
    impl_->rows.set_branch_state(name, state);
    if (state == BranchState::Dropped) impl_->rows.erase_branch_rows(name);
  });
}

Catalog::Savepoint Catalog::savepoint(const std::string& branch, std::span<const TableName> tables) const {
  Savepoint savepoint{branch, {}};
  for (const TableName& table : tables) savepoint.rows.emplace(table, impl_->rows.branch_row(branch, table, false));
  return savepoint;
}

void Catalog::restore(const Savepoint& savepoint) {
  impl_->state.write([&] {
    require_open(impl_->rows, savepoint.branch);
    for (const auto& [table, row] : savepoint.rows) {
      if (row) {
        impl_->rows.put_branch_row(savepoint.branch, *row);
      } else {
        impl_->rows.erase_branch_row(savepoint.branch, table);
      }
    }
  });
}

// A crash before the row is written leaves a file that nothing names.
void Catalog::put_view(const std::string& branch, const PublishView& view) {
  const BoundRef ref = impl_->bind(branch);
  if (!ref.branch || ref.branch->state != BranchState::Open)
    throw Error(ErrorKind::Conflict, fmt::format("`{}` is no open branch", branch));
  const auto previous = impl_->find(ref, view.table);
  const Entry entry = impl_->write_view(view, previous ? &*previous : nullptr, impl_->now_ms());
  impl_->state.write([&] {
    require_open(impl_->rows, branch);
    impl_->rows.put_branch_row(branch, {entry, false});
  });
}

}  // namespace lochan
