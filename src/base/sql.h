// Quoting for SQL, as DuckDB, PostgreSQL and SQLite all read it.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lochan::sql {

/// `a"b` becomes `"a""b"`: always quoted, so no word is reserved.
std::string identifier(std::string_view name);
/// `it's` becomes `'it''s'`.
std::string literal(std::string_view text);
/// `"a", "b"`, each after `prefix` (`t.` gives `t."a", t."b"`).
std::string identifiers(std::span<const std::string> names, std::string_view prefix = "");

}  // namespace lochan::sql
