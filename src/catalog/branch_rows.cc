// The rows of branches themselves (see catalog_rows.h).
#include "catalog/branch_state.h"
#include "catalog/catalog_rows.h"

namespace lochan {
namespace {

Branch read_branch(const DbRow& row) {
  return {row.text(0),
          row.text(1) == "run" ? BranchKind::Run : BranchKind::Named,
          row.text(2),
          row.integer(3),
          row.integer(4),
          parse_branch_state(row.text(5)),
          instant_from_micros(row.integer(6))};
}

}  // namespace

std::optional<Branch> CatalogRows::branch(const std::string& name) const {
  const auto rows = state_.query(
      "select name, kind, parent, base_publication, base_generation, state, created_at from branch where name = $1",
      {name});
  if (rows.empty()) return std::nullopt;
  return read_branch(rows[0]);
}

std::vector<Branch> CatalogRows::branches() const {
  std::vector<Branch> branches;
  for (const DbRow& row :
       state_.query("select name, kind, parent, base_publication, base_generation, state, created_at from branch where "
                    "state <> 'dropped' order by created_at, name"))
    branches.push_back(read_branch(row));
  return branches;
}

void CatalogRows::add_branch(const Branch& branch) {
  state_.execute_later("delete from branch where name = $1 and state = 'dropped'", {branch.name});
  state_.execute_later(
      "insert into branch(name, kind, parent, base_publication, base_generation, generation, state, created_at) "
      "values ($1, $2, $3, $4, $5, 0, $6, $7)",
      {branch.name, std::string(branch.kind == BranchKind::Run ? "run" : "named"), branch.parent,
       branch.base_publication, branch.base_generation, std::string(to_string(branch.state)), to_micros(branch.created_at)});
}

void CatalogRows::set_branch_state(const std::string& name, BranchState state) {
  state_.execute_later("update branch set state = $2 where name = $1", {name, std::string(to_string(state))});
}

std::int64_t CatalogRows::generation(const std::string& branch) const {
  const auto rows = state_.query("select generation from branch where name = $1", {branch});
  return rows.empty() ? 0 : rows[0].integer(0);
}

}  // namespace lochan
