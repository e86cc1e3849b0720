// Reads models/<layer>/<name>.sql.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "project/database_model.h"
#include "project/file_keys.h"
#include "project/front_matter.h"
#include "project/read_files.h"
#include "project/sql_text.h"

namespace lochan {
namespace {

/// Namespaces that the engine has already.
constexpr std::array<std::string_view, 5> kTakenLayers = {"main", "temp", "system", "information_schema", "pg_catalog"};

constexpr std::string_view kWordHint = "a name is letters, digits and `_`, and begins with a letter";

bool is_layer(const std::string& name, Problems& problems) {
  const Position position{"models/" + name, 0, 0};
  if (!is_plain_word(name)) {
    problems.add(position, fmt::format("a layer can't be named `{}`", name), std::string(kWordHint));
    return false;
  }
  if (std::ranges::find(kTakenLayers, name) != kTakenLayers.end()) {
    problems.add(position, fmt::format("layer `{}` is the engine's own", name), "give the folder another name");
    return false;
  }
  return true;
}

void fill_model(Model& model, SqlFile file, ValueReader& reader) {
  Problems& problems = reader.problems();
  const std::size_t before = problems.size();
  if (file.front_matter) model_keys().read(reader, *file.front_matter, model);
  // Which keys go together can't be said of keys that could not be read.
  if (problems.size() > before) {
    model.materialized = Materialization::Table;
    model.key.clear();
    model.updated_at.reset();
    model.compare.clear();
    model.deleted.reset();
    model.deletes = HistoryDeletes::Close;
    model.partition_by.clear();
    model.time.reset();
    model.begin.reset();
    model.inputs.clear();
    model.interval = Interval::Day;
    if (model.database) {
      const auto in = model.database->in;
      model.database = std::make_shared<DatabaseModel>();
      model.database->in = in;
    }
  }
  model.position = file.begin;
  if (is_blank_sql(file.sql))
    problems.add({model.file, 1, 1}, "the model is empty", "write a `select`, or remove the file");
  else
    model.sql = std::move(file.sql);
}

void read_model(const ProjectFile& file, const std::string& layer, ProjectFiles& files, ValueReader& reader,
                Project& project) {
  Problems& problems = reader.problems();
  if (!is_plain_word(file.stem))
    return problems.add({file.name, 0, 0}, fmt::format("a table can't be named `{}`", file.stem),
                        std::string(kWordHint));
  Model model;
  model.table = {layer, file.stem};
  model.file = file.name;
  model.position = {file.name, 1, 1};
  if (const auto text = files.read(file.name)) fill_model(model, read_sql_file(*text, file.name, problems), reader);
  if (model.database && model.database->in) {
    project.database_models.emplace(model.table, std::move(model));
    return;
  }
  if (!model.checks.empty()) project.checks[model.table] = model.checks;
  // A broken model stays known by its name, or each that reads it would be a problem too.
  project.models.emplace(model.table, std::move(model));
}

}  // namespace

void read_models(ProjectFiles& files, ValueReader& reader, Project& project) {
  for (const ProjectFile& file : files.list("models", ".sql", Folders::Wanted))
    reader.problems().add({file.name, 0, 0}, "a model must lie in the folder of its layer",
                          fmt::format("move it to a folder, such as `models/staging/{}.sql`", file.stem));
  for (const std::string& layer : files.list_folders("models")) {
    if (!is_layer(layer, reader.problems())) continue;
    for (const ProjectFile& file : files.list("models/" + layer, ".sql"))
      read_model(file, layer, files, reader, project);
  }
}

}  // namespace lochan
