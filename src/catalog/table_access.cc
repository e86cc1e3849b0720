#include "catalog/table_access.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <mutex>
#include <set>
#include <shared_mutex>

#include "catalog/catalog_impl.h"
#include "catalog/table_commit.h"

namespace lochan {
namespace {

void check_plain(const std::string& name, const char* what) {
  const bool is_plain = !name.empty() && name.size() <= 255 && std::ranges::all_of(name, [](unsigned char letter) {
    return std::isalnum(letter) != 0 || letter == '_' || letter == '-';
  });
  if (!is_plain)
    throw Error(ErrorKind::Usage, fmt::format("`{}` can't be the name of a {}", name, what))
        .hint("use letters, digits, `_` and `-`");
}

// Held from the first check of a write until its rows are committed.
class InUse {
 public:
  explicit InUse(Grant& grant) : lock_(grant.in_use) {
    if (grant.revoked) throw Unauthorized("the token was revoked");
  }

 private:
  std::shared_lock<std::shared_mutex> lock_;
};

Error no_namespace(const std::string& name) {
  return Error(ErrorKind::NotFound, fmt::format("there is no layer `{}`", name));
}

// The refs whose created namespaces a ref sees.
std::vector<std::string> visible_refs(const BoundRef& ref) {
  std::vector<std::string> refs{"main"};
  if (!ref.branch) return refs;
  if (ref.branch->parent != "main") refs.push_back(ref.branch->parent);
  refs.push_back(ref.branch->name);
  return refs;
}

std::set<std::string> layers(Catalog::Impl& catalog, const BoundRef& ref) {
  std::set<std::string> names(catalog.options.immutable_layers.begin(), catalog.options.immutable_layers.end());
  for (const TableName& table : catalog.options.project_tables) names.insert(table.layer);
  for (const std::string& visible : visible_refs(ref))
    for (const DbRow& row : catalog.state.query("select name from namespace where ref = $1", {visible}))
      names.insert(row.text(0));
  for (const auto& [table, kind] : catalog.names(ref)) names.insert(table.layer);
  return names;
}

// As `layers`, for one: each create asks.
bool has_layer(Catalog::Impl& catalog, const BoundRef& ref, const std::string& name) {
  const auto is_in = [&](const TableName& table) { return table.layer == name; };
  if (std::ranges::any_of(catalog.options.project_tables, is_in) || catalog.is_immutable(name)) return true;
  for (const std::string& visible : visible_refs(ref))
    if (!catalog.state.query("select 1 from namespace where ref = $1 and name = $2", {visible, name}).empty())
      return true;
  return layers(catalog, ref).contains(name);
}

// Throws Error{NotFound} for a layer that isn't there: its listing is a 404, not an empty page.
std::vector<TableName> names_in(Catalog::Impl& catalog, const Ref& ref, const std::string& layer, EntryKind kind) {
  const BoundRef bound = catalog.bind(ref);
  std::vector<TableName> found;
  for (const auto& [table, known] : catalog.names(bound))
    if (table.layer == layer && known == kind) found.push_back(table);
  if (found.empty() && !has_layer(catalog, bound, layer)) throw no_namespace(layer);
  return found;
}

}  // namespace

TableAccess::TableAccess(Catalog& catalog, const std::string& token)
    : catalog_(catalog), grant_(catalog.impl().tokens.find(token)) {
  if (!grant_) throw Unauthorized("the token is unknown, or it was revoked");
}

TableAccess::TableAccess(Catalog& catalog, TokenScope scope)
    : catalog_(catalog), grant_(std::make_shared<Grant>(std::move(scope))) {}

const Ref& TableAccess::ref() const { return grant_->scope.ref; }

std::vector<std::string> TableAccess::namespaces() const {
  const auto names = layers(catalog_.impl(), catalog_.impl().bind(ref()));
  return {names.begin(), names.end()};
}

void TableAccess::create_namespace(const std::string& name, const std::map<std::string, std::string>& properties) {
  const InUse in_use(*grant_);
  check_plain(name, "layer");
  Catalog::Impl& catalog = catalog_.impl();
  const BoundRef bound = catalog.bind(ref());
  if (!grant_->scope.may_write || bound.kind == BoundRef::Kind::At) throw Forbidden("this token only reads");
  catalog.state.write([&] {
    if (layers(catalog, bound).contains(name))
      throw Error(ErrorKind::Conflict, fmt::format("there is a layer `{}` already", name));
    catalog.state.execute("insert into namespace(ref, name, properties) values ($1, $2, $3)",
                          {ref(), name, Json(properties).dump()});
  });
}

void TableAccess::drop_namespace(const std::string& name) {
  const InUse in_use(*grant_);
  Catalog::Impl& catalog = catalog_.impl();
  const BoundRef bound = catalog.bind(ref());
  if (!grant_->scope.may_write || bound.kind == BoundRef::Kind::At) throw Forbidden("this token only reads");
  catalog.state.write([&] {
    if (!layers(catalog, bound).contains(name)) throw no_namespace(name);
    const auto names = catalog.names(bound);
    if (std::ranges::any_of(names, [&](const auto& entry) { return entry.first.layer == name; }))
      throw Error(ErrorKind::Conflict, fmt::format("the layer `{}` isn't empty", name));
    if (catalog.state.execute("delete from namespace where ref = $1 and name = $2", {ref(), name}) == 0)
      throw Forbidden(fmt::format("the layer `{}` isn't this ref's own", name));
  });
}

std::map<std::string, std::string> TableAccess::namespace_properties(const std::string& name) const {
  Catalog::Impl& catalog = catalog_.impl();
  const BoundRef bound = catalog.bind(ref());
  for (const std::string& visible : visible_refs(bound)) {
    const auto rows =
        catalog.state.query("select properties from namespace where ref = $1 and name = $2", {visible, name});
    if (!rows.empty()) return Json::parse(rows[0].text(0)).get<std::map<std::string, std::string>>();
  }
  if (!has_layer(catalog, bound, name)) throw no_namespace(name);
  return {};
}

std::vector<TableName> TableAccess::tables(const std::string& layer) const {
  return names_in(catalog_.impl(), ref(), layer, EntryKind::Table);
}

std::vector<TableName> TableAccess::views(const std::string& layer) const {
  return names_in(catalog_.impl(), ref(), layer, EntryKind::View);
}

LoadedMetadata TableAccess::load_table(const TableName& table) const {
  Catalog::Impl& catalog = catalog_.impl();
  const BoundRef bound = catalog.bind(ref());
  const auto entry = catalog.find(bound, table);
  if (!entry || entry->kind != EntryKind::Table)
    throw Error(ErrorKind::NotFound, fmt::format("there is no table `{}` in `{}`", to_string(table), ref()));
  const bool is_main = bound.kind == BoundRef::Kind::Main;
  const Pinned by = bound.branch ? Pinned::Branch : Pinned::Publication;
  return {entry->metadata_location,
          is_main ? catalog.metadata.read(entry->metadata_location)
                  : catalog.metadata.read_pinned(entry->metadata_location, by, to_millis(catalog.clock.now())),
          catalog.store.table_config()};
}

LoadedMetadata TableAccess::load_view(const TableName& view) const {
  Catalog::Impl& catalog = catalog_.impl();
  const auto entry = catalog.find(catalog.bind(ref()), view);
  if (!entry || entry->kind != EntryKind::View)
    throw Error(ErrorKind::NotFound, fmt::format("there is no view `{}` in `{}`", to_string(view), ref()));
  return {entry->metadata_location, catalog.metadata.read(entry->metadata_location), catalog.store.table_config()};
}

bool TableAccess::table_exists(const TableName& table) const {
  const auto entry = catalog_.impl().find(catalog_.impl().bind(ref()), table);
  return entry && entry->kind == EntryKind::Table;
}

LoadedMetadata TableAccess::create_table(const std::string& layer, const Json& request) {
  const InUse in_use(*grant_);
  if (!request.is_object() || !request.contains("name") || !request["name"].is_string())
    throw Error(ErrorKind::Usage, "the request has no `name`");
  const TableName table{layer, request["name"]};
  check_plain(layer, "layer");
  check_plain(table.name, "table");
  Catalog::Impl& catalog = catalog_.impl();
  if (!has_layer(catalog, catalog.bind(ref()), layer)) throw no_namespace(layer);
  const std::string location = catalog.table_location(table);
  if (request.contains("location") && request["location"].is_string() && request["location"] != location &&
      request["location"] != location + "/")
    throw Error(ErrorKind::Usage,
                fmt::format("a table's place can't be chosen: `{}` lies at `{}`", to_string(table), location));
  return TableWriter(catalog, grant_->scope).create(table, request);
}

std::vector<LoadedMetadata> TableAccess::commit(std::span<const TableCommit> commits) {
  const InUse in_use(*grant_);
  return TableWriter(catalog_.impl(), grant_->scope).commit(commits);
}

void TableAccess::drop_table(const TableName& table, bool) {
  const InUse in_use(*grant_);
  TableWriter(catalog_.impl(), grant_->scope).drop(table);
}

}  // namespace lochan
