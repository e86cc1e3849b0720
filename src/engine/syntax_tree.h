// What is read from the parser's tree of a query, which DuckDB gives as JSON (`json_serialize_sql`).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lochan {

/// A table that the query names, as the parser saw it.
struct SyntaxTable {
  std::string catalog;
  std::string schema;
  std::string name;
  std::size_t offset = 0;
  bool has_alias = false;
  bool has_at = false;    // AT (VERSION => …)
  bool is_cte = false;    // a name of one part that a WITH around it makes
  std::size_t scope = 0;  // tables of one FROM have the same
};

struct SyntaxColumn {
  std::vector<std::string> parts;
  std::size_t offset = 0;
};

struct SyntaxTree {
  // The parser's error, when there is one; then nothing else is filled.
  std::string error_kind;
  std::string error;
  std::optional<std::size_t> error_offset;

  std::size_t statements = 0;
  std::vector<SyntaxTable> tables;         // in order of offset
  std::vector<SyntaxColumn> long_columns;  // of three parts and more: `raw.sale.id`
  std::vector<std::string> parameters;     // each once
  std::vector<std::string> functions;      // each once, in small letters
  std::vector<std::string> cte_names;
  bool has_show = false;  // DESCRIBE, SHOW or SUMMARIZE within
};

SyntaxTree read_syntax_tree(std::string_view json);

/// The tree's text without positions: equal for queries that differ in white space and comments only.
std::string without_positions(std::string_view json);

}  // namespace lochan
