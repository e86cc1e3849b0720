#include "project/read_project.h"

#include <fmt/format.h>

#include "project/connection_url.h"
#include "project/project_files.h"
#include "project/read_files.h"
#include "project/ref_names.h"
#include "project/value_reader.h"
#include "project/variables.h"
#include "project/verify_project.h"

namespace lochan {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kProjectFile = "lochan.yaml";

/// Parts of a project that DESIGN foresees and this version doesn't read: said, not passed over.
void refuse_later_folders(ProjectFiles& files, Problems& problems) {
  for (const std::string folder : {"dashboards", "tests"})
    for (const ProjectFile& file : files.list(folder, ".yaml", Folders::Wanted))
      problems.add({file.name, 0, 0}, fmt::format("files in `{}` are not supported yet", folder), "move it elsewhere");
}

void put_all_names(Project& project, Problems& problems) {
  const std::vector<TableName> tables = all_tables(project);
  for (auto& [table, model] : project.models) model.sql = put_names(std::move(model.sql), model.file, tables, problems);
  for (auto& [table, checks] : project.checks) {
    for (CheckConfig& check : checks)
      check.sql = put_names(std::move(check.sql), check.position.file, tables, problems);
    std::erase_if(checks, [](const CheckConfig& check) { return check.kind == "sql" && check.sql.empty(); });
  }
}

std::map<std::string, std::string> read_dot_env_file(ProjectFiles& files, Problems& problems) {
  if (!files.exists(".env")) return {};
  const auto text = files.read(".env");
  return text ? read_dot_env(*text, ".env", problems) : std::map<std::string, std::string>{};
}

}  // namespace

ReadProject read_project(const fs::path& folder, Secrets& secrets, const ReadOptions& options) {
  const fs::path root = fs::absolute(folder).lexically_normal();
  Problems problems;
  ProjectFiles files(options.copy.empty() ? root : options.copy, problems);
  if (!files.exists(kProjectFile))
    throw Error(ErrorKind::Usage, fmt::format("no `{}` in `{}`", kProjectFile, root.string()))
        .hint(files.exists("lochan.yml") ? "rename `lochan.yml` to `lochan.yaml`"
                                         : "go to a project's folder, or make one with `lochan init`");

  ReadProject result;
  result.dot_env = read_dot_env_file(files, problems);
  const Variables variables(environment_variable, result.dot_env, root, secrets);
  ValueReader reader(variables, problems, root);
  Project& project = result.project;
  project.folder = root;
  project.lake.location = (root / "lake").string();
  project.state.file = root / ".lochan" / "state.db";

  read_project_file(files, reader, project);
  read_sources(files, reader, project);
  read_sinks(files, reader, project);
  read_commands(files, reader, project);
  read_models(files, reader, project);
  read_view_files(files, reader, project);
  read_check_files(files, reader, project);
  read_macros(files, project);
  refuse_later_folders(files, problems);
  put_all_names(project, problems);
  for (const auto& [name, connection] : project.connections)
    for (const std::string& secret : secrets_of_url(connection.url)) secrets.add(secret);
  for (const std::string& secret : secrets_of_url(project.state.url)) secrets.add(secret);
  hide_alert_secrets(project, secrets);
  prepare_http(project, secrets);
  verify_alerts(project, problems);
  verify_sources(project, problems);
  verify_http(project, problems);
  verify_files(project, problems);
  verify_sinks(project, problems);
  verify_database_models(project, problems);
  verify_lifecycle(project, problems);
  const auto look_up = [&](const std::string& name) -> std::optional<std::string> {
    if (auto value = environment_variable(name)) return value;
    const auto found = result.dot_env.find(name);
    return found == result.dot_env.end() ? std::nullopt : std::optional(found->second);
  };
  complete_lakes(project, look_up, secrets, problems);
  complete_buckets(project, look_up, secrets, problems);
  verify_commands(project, problems);
  verify_tables(project, problems);
  verify_schedules(project, problems);
  // Whoever reads on, to find all problems, would say of these again that they are broken.
  std::erase_if(project.connections, [](const auto& connection) { return connection.second.location.empty(); });
  result.texts = files.texts();
  result.folders = files.folders();
  result.problems = problems.take_sorted();
  return result;
}

fs::path find_project(const fs::path& start) {
  const fs::path first = fs::absolute(start).lexically_normal();
  for (fs::path folder = first;; folder = folder.parent_path()) {
    std::error_code error;
    if (fs::exists(folder / kProjectFile, error)) return folder;
    if (folder == folder.parent_path()) break;
  }
  throw Error(ErrorKind::Usage, fmt::format("no `{}` in `{}` or a folder above it", kProjectFile, first.string()))
      .hint("go to a project's folder, or make one with `lochan init`");
}

}  // namespace lochan
