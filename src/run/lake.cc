#include "run/lake.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "run/alert_rows.h"
#include "run/backfills.h"
#include "run/command_marks.h"
#include "project/rejected_name.h"
#include "run/journal.h"
#include "run/measures.h"
#include "run/open_state.h"
#include "run/recovery.h"
#include "run/sink_marks.h"
#include "run/ticks.h"

namespace lochan {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

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
  options.retention = {project.retention.publications, project.retention.keep_publications,
                       project.retention.failed_branches};
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

}  // namespace

Lake::Lake(const Project& project, const Clock& clock) : project_(project), clock_(clock) {
  state_ = open_state(project.state);
  std::vector<Migration> migrations(Catalog::migrations().begin(), Catalog::migrations().end());
  migrations.insert(migrations.end(), Journal::migrations().begin(), Journal::migrations().end());
  migrations.insert(migrations.end(), SinkMarks::migrations().begin(), SinkMarks::migrations().end());
  migrations.insert(migrations.end(), Backfills::migrations().begin(), Backfills::migrations().end());
  migrations.insert(migrations.end(), AlertRows::migrations().begin(), AlertRows::migrations().end());
  migrations.insert(migrations.end(), Ticks::migrations().begin(), Ticks::migrations().end());
  migrations.insert(migrations.end(), Measures::migrations().begin(), Measures::migrations().end());
  migrations.insert(migrations.end(), CommandMarks::migrations().begin(), CommandMarks::migrations().end());
  migrate(*state_, migrations);
  store_ = make_local_store(project.lake);
  require_same_place(*state_, store_->root_uri(), project.state.is_shared());
  catalog_ = std::make_unique<Catalog>(*state_, *store_, clock_, catalog_options(project));
  if (project.state.is_shared()) leases_.emplace(*state_, project.run.lease);
  recovered_ = recover_dead_runs(*this);
}

Lake::~Lake() = default;

std::filesystem::path Lake::home() const { return project_.folder / ".lochan"; }

std::string Lake::place() const { return fmt::format("{}:{}", host_name(), home().string()); }

EngineOptions Lake::engine_options() const {
  EngineOptions options;
  options.memory_limit = project_.engine.memory_limit;
  options.threads = project_.engine.threads;
  options.spill = project_.engine.spill.empty() ? home() / "spill" : std::filesystem::path(project_.engine.spill);
  for (const auto& [name, connection] : project_.connections)
    if (connection.kind == "sqlite" && std::ranges::find(options.readers, "sqlite_scanner") == options.readers.end())
      options.readers.emplace_back("sqlite_scanner");
  if (!project_.sinks.empty()) options.readers.emplace_back("postgres_scanner");
  return options;
}

std::string Lake::uri() {
  const std::lock_guard lock(server_mutex_);
  if (!server_) server_ = std::make_unique<RestServer>(*catalog_, RestServerOptions{});
  return server_->uri();
}

}  // namespace lochan
