// Reads checks/*.sql and macros/*.sql.
#include <fmt/format.h>

#include "project/file_keys.h"
#include "project/front_matter.h"
#include "project/read_files.h"
#include "project/sql_text.h"
#include "project/verify_project.h"

namespace lochan {
namespace {

void read_check_file(const ProjectFile& file, ProjectFiles& files, ValueReader& reader, Project& project) {
  const auto text = files.read(file.name);
  if (!text) return;
  SqlFile sql_file = read_sql_file(*text, file.name, reader.problems());
  CheckFile check;
  if (sql_file.front_matter) check_file_keys().read(reader, *sql_file.front_matter, check);
  if (is_blank_sql(sql_file.sql))
    return reader.problems().add({file.name, 1, 1}, "the check is empty", "write a `select` of the failing rows");
  const auto table = parse_table_name(check.table.value);
  if (!table || !is_known_table(project, {*table, check.table.position}, reader.problems())) return;
  check.config.kind = "sql";
  check.config.name = file.stem;
  check.config.sql = std::move(sql_file.sql);
  check.config.position = sql_file.begin;
  project.checks[*table].push_back(std::move(check.config));
}

}  // namespace

void read_check_files(ProjectFiles& files, ValueReader& reader, Project& project) {
  for (const ProjectFile& file : files.list("checks", ".sql")) read_check_file(file, files, reader, project);
}

void read_macros(ProjectFiles& files, Project& project) {
  for (const ProjectFile& file : files.list("macros", ".sql"))
    if (auto text = files.read(file.name)) project.macros.push_back({std::move(*text), file.name});
}

}  // namespace lochan
