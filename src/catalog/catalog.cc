#include "catalog/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "catalog/catalog_impl.h"

namespace lochan {
namespace {

constexpr std::size_t kCacheBytes = 8u << 20;  // of text; parsed it takes about five times as much

// The number of `at-17`; nothing for any other name.
std::optional<std::int64_t> at_number(std::string_view ref) {
  if (!ref.starts_with("at-")) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(ref.data() + 3, ref.data() + ref.size(), number);
  if (failed != std::errc{} || end != ref.data() + ref.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace

Catalog::Impl::Impl(Database& the_state, ObjectStore& the_store, const Clock& the_clock, CatalogOptions the_options)
    : state(the_state),
      store(the_store),
      clock(the_clock),
      options(std::move(the_options)),
      rows(the_state),
      metadata(the_store, kCacheBytes) {}

BoundRef Catalog::Impl::bind(const Ref& ref) const {
  if (ref == "main") return {BoundRef::Kind::Main, rows.current_publication(), std::nullopt};
  if (const auto number = at_number(ref)) {
    const std::int64_t current = rows.current_publication();
    if (*number > current)
      throw Error(ErrorKind::NotFound, fmt::format("there is no publication {}", *number))
          .hint(fmt::format("the last one is {}; `lochan history` lists them", current));
    // Rows are what decides: one that retention would let go is good until it is gone.
    if (*number > 0 && !rows.publication(*number))
      throw Error(ErrorKind::NotFound, fmt::format("publication {} is beyond retention", *number))
          .hint("`lochan history` lists those that are kept");
    return {BoundRef::Kind::At, *number, std::nullopt};
  }
  const auto branch = rows.branch(ref);
  if (!branch || branch->state == BranchState::Dropped) {
    if (const auto tagged = rows.tag(ref)) return {BoundRef::Kind::At, *tagged, std::nullopt};
    throw Error(ErrorKind::NotFound, fmt::format("there is no branch `{}`", ref))
        .hint(fmt::format("`lochan branch list` shows the branches; `lochan branch create {}` makes it", ref));
  }
  return {BoundRef::Kind::Branch, branch->base_publication, branch};
}

std::vector<Entry> Catalog::Impl::entries(const BoundRef& ref) const {
  if (ref.kind != BoundRef::Kind::Branch) return rows.entries(ref.publication);
  std::map<TableName, BranchRow> own;
  for (const bool inherited : {false, true})
    for (BranchRow& row : rows.branch_rows(ref.branch->name, inherited)) own.emplace(row.entry.table, std::move(row));
  std::vector<Entry> seen;
  for (Entry& entry : rows.entries(ref.publication))
    if (!own.contains(entry.table)) seen.push_back(std::move(entry));
  for (auto& [table, row] : own)
    if (!row.dropped) seen.push_back(std::move(row.entry));
  std::ranges::sort(seen, {}, &Entry::table);
  return seen;
}

std::map<TableName, EntryKind> Catalog::Impl::names(const BoundRef& ref) const {
  std::map<TableName, EntryKind> names;
  std::set<TableName> dropped;
  if (ref.branch) {
    for (const CatalogRows::BranchName& own : rows.branch_names(ref.branch->name)) {
      if (names.contains(own.table) || dropped.contains(own.table)) continue;
      if (own.dropped) {
        dropped.insert(own.table);
      } else {
        names.emplace(own.table, own.kind);
      }
    }
  }
  for (const auto& [table, kind] : rows.names(ref.publication))
    if (!dropped.contains(table)) names.emplace(table, kind);
  return names;
}

std::optional<Entry> Catalog::Impl::find(const BoundRef& ref, const TableName& table) const {
  if (ref.kind != BoundRef::Kind::Branch) return rows.find(ref.publication, table);
  if (auto own = rows.branch_row(ref.branch->name, table, false))
    return own->dropped ? std::nullopt : std::optional(std::move(own->entry));
  return inherited(*ref.branch, table);
}

std::optional<Entry> Catalog::Impl::inherited(const Branch& branch, const TableName& table) const {
  if (branch.parent != "main")
    if (auto row = rows.branch_row(branch.name, table, true))
      return row->dropped ? std::nullopt : std::optional(std::move(row->entry));
  return rows.find(branch.base_publication, table);
}

bool Catalog::Impl::is_immutable(const std::string& layer) const {
  return std::ranges::find(options.immutable_layers, layer) != options.immutable_layers.end();
}

bool Catalog::Impl::takes_appends_only(const TableName& table) const {
  return is_immutable(table.layer) && (table.layer == "raw" || !is_project_table(table));
}

bool Catalog::Impl::is_project_table(const TableName& table) const {
  return std::ranges::find(options.project_tables, table) != options.project_tables.end();
}

std::string Catalog::Impl::table_location(const TableName& table) const {
  return store.uri(fmt::format("{}/{}", table.layer, table.name));
}

std::map<std::string, std::string> Catalog::Impl::table_config(const TableName& table, const TokenScope& scope) const {
  return store.table_config(fmt::format("{}/{}", table.layer, table.name), scope.keys);
}

std::int64_t Catalog::Impl::last_instant_ms() const {
  const auto last = rows.publications(1);
  return last.empty() ? 0 : to_millis(last[0].at);
}

std::int64_t Catalog::Impl::next_instant_ms() const { return std::max(now_ms(), last_instant_ms() + 1); }

Catalog::Catalog(Database& state, ObjectStore& store, const Clock& clock, CatalogOptions options)
    : impl_(std::make_unique<Impl>(state, store, clock, std::move(options))) {}
Catalog::~Catalog() = default;

std::int64_t Catalog::current_publication() const { return impl_->rows.current_publication(); }
std::vector<Publication> Catalog::publications(int limit) const { return impl_->rows.publications(limit); }
std::vector<Entry> Catalog::entries(const Ref& ref) const { return impl_->entries(impl_->bind(ref)); }

std::optional<Entry> Catalog::find(const Ref& ref, const TableName& table) const {
  return impl_->find(impl_->bind(ref), table);
}

std::vector<Catalog::Change> Catalog::changes(std::int64_t publication) const {
  std::set<TableName> before;
  std::map<TableName, std::string> changed;
  for (const DbRow& row :
       impl_->state.query("select layer, name from entry where to_publication = $1", {publication})) {
    before.insert({row.text(0), row.text(1)});
    changed[{row.text(0), row.text(1)}] = "dropped";
  }
  for (const DbRow& row :
       impl_->state.query("select layer, name from entry where from_publication = $1", {publication})) {
    const TableName table{row.text(0), row.text(1)};
    changed[table] = before.contains(table) ? "changed" : "created";
  }
  std::vector<Change> changes;
  for (auto& [table, kind] : changed) changes.push_back({table, kind});
  return changes;
}

// The question and the mark are one transaction: tending's expiry comes before both or after.
std::string Catalog::grant_token(TokenScope scope) {
  const auto publication = at_number(scope.ref);
  if (!publication) return impl_->tokens.grant(std::move(scope));
  std::string token;
  impl_->state.write([&] {
    impl_->bind(scope.ref);
    token = impl_->tokens.grant(scope);
    impl_->state.execute("insert into reader(id, publication, since) values ($1, $2, $3)",
                         {sha256(token), *publication, to_micros(impl_->clock.now())});
  });
  return token;
}

Catalog::Reader Catalog::grant_reader() {
  Reader reader;
  impl_->state.write([&] {
    reader.ref = fmt::format("at-{}", impl_->rows.current_publication());
    reader.token = grant_token({reader.ref, false, {}, ""});
  });
  return reader;
}

void Catalog::revoke_token(const std::string& token) {
  const auto grant = impl_->tokens.revoke(token);
  if (grant && at_number(grant->scope.ref)) impl_->state.execute("delete from reader where id = $1", {sha256(token)});
}

}  // namespace lochan
