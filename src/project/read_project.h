// Reads a project's files strictly: unknown keys, wrong types, missing variables, duplicate names are all found at
// once.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/secret.h"
#include "project/project.h"

namespace lochan {

struct ReadProject {
  Project project;
  std::vector<Error> problems;  // in the order of files and lines; when empty the project may be used

  std::map<std::string, std::string> texts;    // the files that were read, by their names in the folder
  std::set<std::string> folders;               // in which they were looked for, whether there is one or not
  std::map<std::string, std::string> dot_env;  // the variables of `.env`: secrets
};

/// Of the environment: the folder of a copy that the processes which `lochan serve` starts read. See ReadOptions::copy.
inline constexpr const char* kProjectCopyVariable = "LOCHAN_PROJECT_COPY";

struct ReadOptions {
  /// Where the files lie when that isn't the project's folder: a copy of what they were. `.env` isn't in it.
  std::filesystem::path copy{};
};

/// `folder` holds lochan.yaml. Environment variables and `.env` are looked up for `${VAR}`; their values go to
/// `secrets`. Throws Error{Usage} only when there is no lochan.yaml.
ReadProject read_project(const std::filesystem::path& folder, Secrets& secrets, const ReadOptions& options = {});

/// The folder of the nearest lochan.yaml, from `start` upwards. Throws Error{Usage} with a hint when there is none.
std::filesystem::path find_project(const std::filesystem::path& start);

/// The JSON Schema of every project file kind and the reference page in Markdown: both from the table the parser reads
/// by.
std::string project_json_schema();
std::string project_reference();

}  // namespace lochan
