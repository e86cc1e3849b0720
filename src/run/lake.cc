#include "run/lake.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/host_name.h"
#include "catalog/adopt.h"
#include "catalog/publication_record.h"
#include "project/rejected_name.h"
#include "run/open_state.h"
#include "run/recovery.h"
#include "run/state_migrations.h"

namespace lochan {

RetentionPolicy retention_policy(const RetentionConfig& config) {
  return {.publications = config.publications,
          .keep_publications = config.keep_publications,
          .branches = config.failed_branches,
          .unfinished = config.unfinished,
          .readers = config.readers};
}

namespace {

CatalogOptions catalog_options(const Project& project) {
  CatalogOptions options;
  for (const auto& [name, layer] : project.layers)
    if (layer.immutable) options.immutable_layers.push_back(name);
  for (const auto& [table, model] : project.models) options.project_tables.push_back(table);
  for (const auto& [name, source] : project.sources)
    for (const SourceTable& table : source.tables) options.project_tables.push_back(table.table());
  for (const TableName& table : std::vector(options.project_tables))
    options.project_tables.push_back(rejected_table(table));
  for (const auto& [name, command] : project.commands)
    for (const CommandOutput& output : command.outputs) options.project_tables.push_back(output.table);
  options.retention = retention_policy(project.retention);
  return options;
}

// Iceberg's files name each other by their whole paths. A lake that was moved can't be read, and of a copy the first
// one's files would be read, and tended.
void require_same_place(Database& state, const std::string& location, bool is_shared) {
  const auto rows = state.query("select location from lake");
  if (rows.empty()) {
    state.execute("insert into lake(location) select $1 where not exists (select 1 from lake)", {location});
  } else if (rows[0].text(0) != location) {
    throw Error(ErrorKind::Data,
                fmt::format("this lake was made in `{}`, and is looked for in `{}`", rows[0].text(0), location))
        .hint(
            is_shared ? "each host must reach the lake at the same place; if it is another project's state that stands there, give this "
                        "one a schema of its own: `?schema=…` in `state`"
                      : "a lake's files name their places, so it can't be moved or copied: put it back, or remove `.lochan` and "
            "the lake's "
            "folder, and load anew");
  }
}

// A second history would be written over the first, and the first one's files be tended away.
void require_known_publications(const Catalog& catalog, ObjectStore& store) {
  if (catalog.current_publication() != 0 || !has_records(store)) return;
  throw Error(ErrorKind::Data, fmt::format("`{}` has publications, and the state knows none: it is empty", store.uri("")))
      .hint("was the state lost? `lochan restore` puts a backup back, `lochan adopt` makes it again from the lake's files; "
            "to begin anew, remove the lake's folder too");
}

bool has_tables(Database& state, const std::string& layer) {
  for (const char* table : {"entry", "branch_entry"})
    if (!state.query(fmt::format("select 1 from {} where layer = $1 limit 1", table), {layer}).empty()) return true;
  return false;
}

// The same of layers: one may get a place of its own, or lose it, while it has no tables.
void require_same_layers(Database& state, const Project& project, const ObjectStore& store) {
  std::map<std::string, std::string> known;
  for (const DbRow& row : state.query("select layer, location from lake_place")) known[row.text(0)] = row.text(1);
  std::map<std::string, Position> asked;
  for (const auto& [layer, location] : known) asked[layer];
  for (const auto& [name, layer] : project.layers)
    if (layer.lake) asked[name] = layer.lake->position;
  const std::string root = store.uri("");
  for (const auto& [layer, position] : asked) {
    std::string wanted = store.uri(layer + "/x");
    wanted.resize(wanted.size() - 2);
    const std::string found = known.contains(layer) ? known[layer] : fmt::format("{}/{}", root, layer);
    if (found == wanted) continue;
    if (has_tables(state, layer))
      throw Error(ErrorKind::Data, fmt::format("the tables of layer `{}` lie in `{}`, and are looked for in `{}`", layer,
                                               found, wanted))
          .at(position)
          .hint("a lake's files name their places, so a layer with tables can't be moved: put `lake` back as it was");
    state.write([&] {
      state.execute("delete from lake_place where layer = $1", {layer});
      state.execute("insert into lake_place(layer, location) values ($1, $2)", {layer, wanted});
    });
  }
}

}  // namespace

Lake::Lake(const Project& project, const Clock& clock) : project_(project), clock_(clock) {
  state_ = open_state(project.state);
  migrate(*state_, state_migrations());
  store_ = open_lake_store(project, clock);
  require_same_place(*state_, store_->uri(""), project.state.is_shared());
  require_same_layers(*state_, project, *store_);
  catalog_ = std::make_unique<Catalog>(*state_, *store_, clock_, catalog_options(project));
  require_known_publications(*catalog_, *store_);
  if (project.state.is_shared()) leases_.emplace(*state_, project.run.lease);
  recovered_ = recover_dead_runs(*this);
  write_missing_records(*catalog_);  // of processes that died before they could
}

Lake::~Lake() = default;

std::filesystem::path Lake::home() const { return project_.folder / ".lochan"; }

std::string Lake::place() const { return fmt::format("{}:{}", host_name(), home().string()); }

EngineOptions Lake::engine_options() const {
  EngineOptions options;
  options.memory_limit = project_.engine.memory_limit;
  options.threads = project_.engine.threads;
  options.spill = project_.engine.spill.empty() ? home() / "spill" : std::filesystem::path(project_.engine.spill);
  options.certificates = project_.lake.s3.certificates;
  for (const auto& [name, layer] : project_.layers)
    if (layer.lake && options.certificates.empty()) options.certificates = layer.lake->s3.certificates;
  for (const auto& [name, connection] : project_.connections)
    if (connection.kind == "sqlite" && std::ranges::find(options.readers, "sqlite_scanner") == options.readers.end())
      options.readers.emplace_back("sqlite_scanner");
  const bool has_postgres_sink = std::ranges::any_of(project_.sinks, [&](const auto& sink) {
    const auto found = project_.connections.find(*sink.second.to);
    return found != project_.connections.end() && found->second.kind == "postgres";
  });
  if (has_postgres_sink) options.readers.emplace_back("postgres_scanner");
  return options;
}

std::string Lake::uri() {
  const std::lock_guard lock(server_mutex_);
  if (!server_) server_ = std::make_unique<RestServer>(*catalog_, RestServerOptions{});
  return server_->uri();
}

}  // namespace lochan
