#include "base/sql.h"

namespace lochan::sql {
namespace {

std::string quoted(std::string_view text, char quote) {
  std::string result(1, quote);
  for (const char letter : text) {
    if (letter == quote) result += quote;
    result += letter;
  }
  return result + quote;
}

}  // namespace

std::string identifier(std::string_view name) { return quoted(name, '"'); }
std::string literal(std::string_view text) { return quoted(text, '\''); }

std::string identifiers(std::span<const std::string> names, std::string_view prefix) {
  std::string result;
  for (const std::string& name : names) {
    if (!result.empty()) result += ", ";
    result += prefix;
    result += identifier(name);
  }
  return result;
}

}  // namespace lochan::sql
