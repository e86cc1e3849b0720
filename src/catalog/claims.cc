// Claims: which run writes which table, on main or on a named branch.
#include "catalog/catalog_impl.h"

namespace lochan {

// One transaction, so two runs that want the same tables never hold a part each.
std::optional<Catalog::Claimed> Catalog::claim(std::int64_t run, const std::string& target,
                                               std::span<const TableName> tables) {
  std::optional<Claimed> taken;
  impl_->state.write([&] {
    for (const TableName& table : tables) {
      const auto found = impl_->state.query("select run from claim where target = $1 and layer = $2 and name = $3",
                                            {target, table.layer, table.name});
      if (!found.empty() && found[0].integer(0) != run) {
        taken = Claimed{table, found[0].integer(0)};
        return;
      }
    }
    for (const TableName& table : tables)
      impl_->state.execute(
          "insert into claim(target, layer, name, run) values ($1, $2, $3, $4) on conflict(target, layer, name) do "
          "nothing",
          {target, table.layer, table.name, run});
  });
  return taken;
}

void Catalog::release_claims(std::int64_t run) { impl_->state.execute("delete from claim where run = $1", {run}); }

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
