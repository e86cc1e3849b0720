// The shadow: an in-memory catalog of empty tables with the lake's schemas, and views, in which models are bound
// without touching the lake. Names and positions come from the parser, types from the binder; never from regular
// expressions.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "project/column.h"
#include "project/table_name.h"

namespace lochan {

/// A place where a query names a table: `size` bytes at `offset`, in the text that was parsed.
struct TableReference {
  TableName table;
  std::size_t offset = 0;
  std::size_t size = 0;
  bool has_alias = false;
};

/// A query as the parser sees it.
struct ParsedQuery {
  std::vector<TableReference> references;  // in order of offset; CTEs are not among them
  std::vector<std::string> parameters;     // `$since` → "since"
  std::vector<std::string> functions;      // in small letters, macros among them
  std::string canonical;                   // equal for queries that differ in white space and comments only
};

/// Not to be shared between threads. It reads no file and no network: a query that would is an error.
class Shadow {
 public:
  Shadow();
  ~Shadow();
  Shadow(const Shadow&) = delete;
  Shadow& operator=(const Shadow&) = delete;

  /// `create macro` statements. A macro that reads a table is an error: its names couldn't be put in place.
  /// Throws Error{Project} at `file`.
  void add_macros(std::string_view sql, const std::string& file);
  /// The macros that a query uses, by themselves or through others: name and definition.
  std::map<std::string, std::string> macros_used(const ParsedQuery& query);

  /// All tables that there are, for hints of `parse`, beside those declared.
  void offer_names(std::span<const TableName> tables);

  /// `sql` must be one SELECT (WITH, VALUES, FROM first …). Throws Error{Project} with the position in `file` (line and
  /// column of the parser's offset) and a hint.
  ParsedQuery parse(std::string_view sql, const std::string& file);

  /// The columns have the types that they have in the lake (engine/lake_type.h). May be declared again.
  void declare_table(const TableName& table, std::span<const Column> columns);
  void declare_view(const TableName& table, std::string_view sql);
  /// The columns a query gives, bound against what was declared. Unknown columns and tables, and two columns of one
  /// name, are Error{Project} with position and the nearest name. `$since`, `$until` and `$run_at` are TIMESTAMPTZ,
  /// other parameters (the project's variables) VARCHAR.
  std::vector<Column> bind(std::string_view sql, const std::string& file);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// `sql` with each reference put in place by what `resolve` gives: a table's full name, or a view's SELECT in
/// parentheses. A reference without an alias keeps its plain name as alias. A semicolon at the end is left out, and
/// what follows it.
std::string rewrite(std::string_view sql, std::span<const TableReference> references,
                    const std::function<std::string(const TableName&)>& resolve);

}  // namespace lochan
