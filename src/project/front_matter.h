// Front matter: YAML in a comment at the top of an SQL file, `/* --- … --- */`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "project/problems.h"
#include "project/yaml_reader.h"

namespace lochan {

struct SqlFile {
  /// A null when there is none; nothing when it can't be read: then a problem says why. Positions are the file's.
  std::optional<YamlValue> front_matter;
  std::string sql;  // of the file's size, its front matter and comments blanked
  Position begin;   // of the SQL
};

SqlFile read_sql_file(std::string_view text, const std::string& file, Problems& problems);

}  // namespace lochan
