// Macros as the engine knows them after `create macro`.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/duckdb_handle.h"

namespace lochan {

struct MacroDefinition {
  std::string definition;               // kind, parameters and body, in the engine's own spelling
  std::string query;                    // the body as a SELECT, so that it can be parsed
  std::vector<std::string> parameters;  // in small letters
  std::vector<std::string> functions{};

  bool has_parameter(std::string_view name) const;
};

/// The name that a `create [or replace] [temp] macro` statement gives; nothing when it is another statement.
std::optional<std::string> macro_name(std::string_view statement);

/// All macros of the connection, by their name in small letters. Overloads are one.
std::map<std::string, MacroDefinition> read_macros(duckdb_connection connection);

}  // namespace lochan
