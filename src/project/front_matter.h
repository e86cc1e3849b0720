// Front matter: YAML in a comment at the top of an SQL file, `/* --- … --- */`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "project/problems.h"
#include "project/yaml_reader.h"

namespace lochan {

struct SqlFile {
  YamlValue front_matter;  // null when there is none; positions are the file's
  std::string sql;         // of the file's size, its front matter and comments blanked
  Position begin;          // of the SQL
};

/// Nothing when the front matter can't be read: then a problem says why.
std::optional<SqlFile> read_sql_file(std::string_view text, const std::string& file, Problems& problems);

}  // namespace lochan
