// The file of `lochan migrate`: which tables come along, and which of them must be there before which.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace lochan {

struct MigratedTable {
  std::string name;
  std::string schema_in;
  std::string schema_out;
  std::vector<std::string> depends_on;
  Position position;
};

/// In the order they are migrated in: what a table depends on comes before it, else the file's order. Throws
/// ProjectProblems with the place of each unknown key, unknown name, cycle, …
std::vector<MigratedTable> read_migrate_file(const std::filesystem::path& file);

}  // namespace lochan
