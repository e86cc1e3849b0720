#include "engine/macros.h"

#include <algorithm>

#include "base/text.h"
#include "engine/sql_text.h"
#include "engine/statements.h"

namespace lochan {

bool MacroDefinition::has_parameter(std::string_view name) const {
  return std::ranges::find(parameters, text::lower(name)) != parameters.end();
}

std::optional<std::string> macro_name(std::string_view statement) {
  std::vector<std::string> words;
  for (auto token = next_token(statement, 0); token && words.size() < 9; token = next_token(statement, token->end()))
    words.push_back(text::lower(token->of(statement)));
  std::size_t at = 0;
  const auto skip = [&](std::initializer_list<std::string_view> expected) {
    for (std::size_t ahead = 0; ahead < expected.size(); ++ahead) {
      if (at + ahead >= words.size() || words[at + ahead] != expected.begin()[ahead]) return false;
    }
    at += expected.size();
    return true;
  };
  if (!skip({"create"})) return std::nullopt;
  skip({"or", "replace"});
  if (!skip({"temp"})) skip({"temporary"});
  if (!skip({"macro"}) && !skip({"function"})) return std::nullopt;
  skip({"if", "not", "exists"});
  if (at >= words.size()) return std::nullopt;
  std::string name = words[at];
  if (name.size() >= 2 && name.front() == '"') name = name.substr(1, name.size() - 2);
  return name;
}

std::map<std::string, MacroDefinition> read_macros(duckdb_connection connection) {
  Outcome outcome = run_statements(
      connection,
      "select lower(function_name), function_type, array_to_string(parameters, ','), macro_definition from "
      "duckdb_functions() where function_type in ('macro', 'table_macro') and not internal order by all");
  if (outcome.fault) throw to_error(*outcome.fault);
  std::map<std::string, MacroDefinition> macros;
  for (const auto& row : read_rows(connection, *outcome.result.get()).rows) {
    const std::string parameters = row[2].value_or("");
    const std::string body = row[3].value_or("");
    MacroDefinition& macro = macros[row[0].value_or("")];
    macro.definition += row[1].value_or("") + "(" + parameters + ") " + body + "\n";
    macro.query += (macro.query.empty() ? "" : "; ") + (row[1] == "macro" ? "select " + body : body);
    for (const std::string_view name : text::split(parameters, ',')) macro.parameters.push_back(text::lower(name));
  }
  return macros;
}

}  // namespace lochan
