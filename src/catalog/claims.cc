// Claims: which run writes which table, on main or on a named branch.
#include <map>

#include "catalog/catalog_impl.h"
#include "catalog/tending_claims.h"

namespace lochan {

namespace {

enum class Claiming { ToHold, UntilWanted };

// One transaction, so two runs that want the same tables never hold a part each.
std::optional<Catalog::Claimed> claim_all(Database& state, std::int64_t run, const std::string& target,
                                          std::span<const TableName> tables, Claiming claiming) {
  const bool gives_way = claiming == Claiming::UntilWanted;
  std::optional<Catalog::Claimed> taken;
  state.write([&] {
    std::map<TableName, std::pair<std::int64_t, bool>> others;
    for (const DbRow& row :
         state.query("select layer, name, run, gives_way from claim where target = $1 and run <> $2", {target, run}))
      others[{row.text(0), row.text(1)}] = {row.integer(2), row.integer(3) != 0};
    for (const TableName& table : tables) {
      const auto found = others.find(table);
      if (found == others.end() || (!gives_way && found->second.second)) continue;
      taken = Catalog::Claimed{table, found->second.first};
      return;
    }
    for (const TableName& table : tables)
      state.execute_later(
          "insert into claim(target, layer, name, run, gives_way) values ($1, $2, $3, $4, $5) "
          "on conflict(target, layer, name) do update set run = excluded.run, gives_way = excluded.gives_way",
          {target, table.layer, table.name, run, std::int64_t{gives_way}});
  });
  return taken;
}

}  // namespace

std::optional<Catalog::Claimed> Catalog::claim(std::int64_t run, const std::string& target,
                                               std::span<const TableName> tables) {
  return claim_all(impl_->state, run, target, tables, Claiming::ToHold);
}

std::optional<Catalog::Claimed> claim_until_wanted(Catalog& catalog, std::int64_t run, const std::string& target,
                                                   std::span<const TableName> tables) {
  return claim_all(catalog.impl().state, run, target, tables, Claiming::UntilWanted);
}

bool holds_claim(Catalog& catalog, std::int64_t run, const std::string& target, const TableName& table) {
  return !catalog.impl()
              .state
              .query("select 1 from claim where target = $1 and layer = $2 and name = $3 and run = $4",
                     {target, table.layer, table.name, run})
              .empty();
}

bool is_project_table(Catalog& catalog, const TableName& table) { return catalog.impl().is_project_table(table); }

void Catalog::release_claims(std::int64_t run) { impl_->state.execute_later("delete from claim where run = $1", {run}); }

std::vector<Catalog::Claimed> Catalog::claims() const {
  std::vector<Claimed> claims;
  for (const DbRow& row : impl_->state.query("select layer, name, run from claim order by layer, name"))
    claims.push_back({{row.text(0), row.text(1)}, row.integer(2)});
  return claims;
}

std::vector<TableName> Catalog::held_tables() const {
  std::vector<TableName> held;
  for (const DbRow& row : impl_->state.query("select layer, name from held order by layer, name"))
    held.push_back({row.text(0), row.text(1)});
  return held;
}

void Catalog::release_held(std::span<const TableName> tables) {
  impl_->state.write([&] {
    for (const TableName& table : tables)
      impl_->state.execute("delete from held where layer = $1 and name = $2", {table.layer, table.name});
  });
}

}  // namespace lochan
