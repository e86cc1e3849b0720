// One reader for each kind of file: sources/*.yaml, sinks/*.yaml, models/<layer>/*.sql, checks/*.sql, macros/*.sql.
#pragma once

#include "project/project_files.h"
#include "project/value_reader.h"

namespace lochan {

void read_project_file(ProjectFiles& files, ValueReader& reader, Project& project);
void read_sources(ProjectFiles& files, ValueReader& reader, Project& project);
void read_sinks(ProjectFiles& files, ValueReader& reader, Project& project);
/// The views that the lists of lochan.yaml name.
void read_view_files(ProjectFiles& files, ValueReader& reader, Project& project);
void read_commands(ProjectFiles& files, ValueReader& reader, Project& project);
void read_models(ProjectFiles& files, ValueReader& reader, Project& project);
/// Adds to Project::checks.
void read_check_files(ProjectFiles& files, ValueReader& reader, Project& project);
void read_macros(ProjectFiles& files, Project& project);

}  // namespace lochan
