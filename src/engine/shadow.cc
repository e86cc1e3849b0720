#include "engine/shadow.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>

#include "base/sql.h"
#include "base/text.h"
#include "engine/bound_parameters.h"
#include "engine/cell.h"
#include "engine/duckdb_handle.h"
#include "engine/lake_type.h"
#include "engine/macros.h"
#include "engine/sql_text.h"
#include "engine/statements.h"
#include "engine/syntax_check.h"
#include "engine/syntax_tree.h"

namespace lochan {
namespace {

// Small and closed: one thread, no file, no network, and no optimizer, which would cost most of a bind's time.
DuckDatabase open_shadow() {
  DuckConfig config;
  DuckDatabase database;
  char* text = nullptr;
  if (duckdb_create_config(config.put()) != DuckDBSuccess) throw Error(ErrorKind::Unavailable, "out of memory");
  for (const auto& [name, value] : {std::pair{"threads", "1"},
                                    {"errors_as_json", "true"},
                                    {"autoinstall_known_extensions", "false"},
                                    {"autoload_known_extensions", "false"},
                                    {"enable_external_access", "false"}})
    duckdb_set_config(config.get(), name, value);
  if (duckdb_open_ext(nullptr, database.put(), config.get(), &text) != DuckDBSuccess)
    throw Error(ErrorKind::Unavailable, "the shadow can't be opened: " + parse_fault(take_text(text)).message);
  return database;
}

Position position_at(std::string_view sql, const std::string& file, std::size_t offset) {
  const text::LineColumn place = text::line_column(sql, offset);
  return {file, place.line, place.column};
}

std::size_t offset_in(std::string_view sql, const Fault& fault) {
  if (!fault.position) return 0;
  return fault.type == "Parser" ? byte_of_character(sql, *fault.position) : *fault.position;
}

// What the binder says, in the words of a project.
Error bind_error(const Fault& fault) {
  std::string message = to_error(fault).message();
  std::string hint = to_error(fault).hint();
  if (hint.empty() && message.starts_with("no function or macro")) hint = "macros are made in macros/*.sql";
  if (fault.type == "Permission") {
    message = "a query of a project reads tables of the lake, not files or other databases";
    hint = "bring it into the lake by a source";
  }
  return Error(ErrorKind::Project, std::move(message)).hint(std::move(hint));
}

Error macro_reads_table(const std::string& name) {
  return Error(ErrorKind::Project, fmt::format("the macro `{}` reads a table", name))
      .hint("read the table in the model and give its columns to the macro");
}

}  // namespace

class Shadow::Impl {
 public:
  Impl() : database_(open_shadow()) {
    duckdb_connect(database_.get(), connection_.put());
    run("pragma disable_optimizer");
    duckdb_prepare(
        connection_.get(),
        "select json_serialize_sql($1::varchar, skip_null := true, skip_empty := true, skip_default := true)",
        serialize_.put());
  }

  std::string serialize(std::string_view sql) {
    const DuckValue value(duckdb_create_varchar_length(sql.data(), sql.size()));
    DuckResult result;
    duckdb_bind_value(serialize_.get(), 1, value.get());
    if (duckdb_execute_prepared(serialize_.get(), result.get()) != DuckDBSuccess)
      throw Error(ErrorKind::Internal, std::string("the parser failed: ") + duckdb_result_error(result.get()));
    const DuckChunk chunk(duckdb_fetch_chunk(*result.get()));
    return CellReader(duckdb_data_chunk_get_vector(chunk.get(), 0)).text(0).value_or("");
  }

  ParsedQuery parse(std::string_view user_sql, const std::string& file) {
    const std::string sql = with_plain_spaces(user_sql);
    const std::string json = serialize(sql);
    SyntaxTree tree = read_syntax_tree(json);
    check_syntax(tree, sql, file, names_);
    ParsedQuery query;
    for (SyntaxTable& table : tree.tables) {
      if (table.is_cte) continue;
      query.references.push_back({{std::move(table.schema), std::move(table.name)},
                                  table.offset,
                                  name_size(sql, table.offset),
                                  table.has_alias});
    }
    std::vector<TableName>& reads = reads_[std::hash<std::string_view>{}(user_sql)];
    reads.clear();
    for (const TableReference& reference : query.references) reads.push_back(reference.table);
    query.parameters = std::move(tree.parameters);
    query.functions = std::move(tree.functions);
    query.canonical = without_positions(json);
    return query;
  }

  void add_macros(std::string_view user_sql, const std::string& file) {
    const std::string sql = with_plain_spaces(user_sql);
    for (const StatementText& statement : split_statements(sql)) {
      const std::string_view text = std::string_view(sql).substr(statement.offset, statement.size);
      const std::optional<std::string> name = macro_name(text);
      if (!name)
        throw Error(ErrorKind::Project, "a macro file has `create macro` statements only")
            .at(position_at(sql, file, statement.offset));
      const Outcome outcome = run_statements(connection_.get(), text);
      if (outcome.fault) {
        const Position place = position_at(sql, file, statement.offset + offset_in(text, *outcome.fault));
        if (outcome.fault->message.find("able with name") != std::string::npos)
          throw macro_reads_table(*name).at(place);
        throw bind_error(*outcome.fault).at(place);
      }
      macro_places_[text::lower(*name)] = position_at(sql, file, statement.offset);
    }
    macros_ = read_macros(connection_.get());
    for (auto& [name, macro] : macros_) {
      const SyntaxTree tree = read_syntax_tree(serialize(macro.query));
      macro.functions = tree.functions;
      const auto table = std::ranges::find(tree.tables, false, &SyntaxTable::is_cte);
      if (table != tree.tables.end() && !macro.has_parameter(table->name))
        throw macro_reads_table(name).at(macro_places_[name]);
    }
  }

  std::map<std::string, std::string> macros_used(const ParsedQuery& query) const {
    std::map<std::string, std::string> used;
    std::vector<std::string> names = query.functions;
    while (!names.empty()) {
      const std::string name = std::move(names.back());
      names.pop_back();
      const auto macro = macros_.find(name);
      if (macro == macros_.end() || !used.emplace(name, macro->second.definition).second) continue;
      names.insert(names.end(), macro->second.functions.begin(), macro->second.functions.end());
    }
    return used;
  }

  void offer_name(const TableName& table) { names_.insert(to_string(table)); }

  void declare_table(const TableName& table, std::span<const Column> columns) {
    std::vector<std::string> definitions;
    for (const Column& column : columns)
      definitions.push_back(sql::identifier(column.name) + " " + lake_type(column.type));
    declare(table, 't', fmt::format("create or replace table {} ({})", quoted(table), fmt::join(definitions, ", ")));
  }

  void declare_view(const TableName& table, std::string_view sql) {
    flush("");  // it may read any of them
    declare(table, 'v', fmt::format("create or replace view {} as {}", quoted(table), sql));
  }

  std::vector<Column> bind(std::string_view sql, const std::string& file) {
    flush(sql);
    const BoundParameters bound(with_plain_spaces(sql));
    Description description = describe_statement(connection_.get(), bound.sql());
    if (description.fault && !pending_.empty()) {
      flush("");  // a table may be there in another spelling
      description = describe_statement(connection_.get(), bound.sql());
    }
    if (description.fault) {
      Error error = bind_error(*description.fault);
      const std::optional<std::size_t> offset = description.fault->position;
      throw error.at(offset ? position_at(sql, file, bound.original_offset(*offset)) : Position{file});
    }
    std::set<std::string> names;
    for (const Column& column : description.columns) {
      if (!names.insert(text::lower(column.name)).second)
        throw Error(ErrorKind::Project, fmt::format("two columns are called `{}`", column.name))
            .at({file})
            .hint("give one of them another name with `as`");
    }
    return std::move(description.columns);
  }

 private:
  // A declaration waits until a query reads the table: nothing reads most of a project's tables.
  void declare(const TableName& table, char kind, const std::string& statement) {
    offer_name(table);
    std::string& pending = pending_[table];
    pending.clear();
    if (schemas_.insert(table.layer).second) run("create schema if not exists " + sql::identifier(table.layer));
    if (const auto made = made_.find(table); made != made_.end() && made->second != kind)
      pending = fmt::format("drop {} {};\n", made->second == 't' ? "table" : "view", quoted(table));
    pending += statement + ";\n";
    kinds_[table] = kind;
  }

  void make(std::map<TableName, std::string>::iterator pending, std::string& statements) {
    statements += pending->second;
    made_[pending->first] = kinds_[pending->first];
    pending_.erase(pending);
  }

  // All that waits, or what a query that was parsed before reads.
  void flush(std::string_view sql) {
    if (pending_.empty()) return;
    std::string statements;
    if (const auto parsed = reads_.find(std::hash<std::string_view>{}(sql)); parsed != reads_.end()) {
      for (const TableName& table : parsed->second) {
        if (const auto found = pending_.find(table); found != pending_.end()) make(found, statements);
      }
    } else {
      while (!pending_.empty()) make(pending_.begin(), statements);
    }
    if (!statements.empty()) run(statements);
  }

  void run(std::string_view sql) {
    const Outcome outcome = run_statements(connection_.get(), sql);
    if (outcome.fault)
      throw Error(ErrorKind::Internal, "the shadow can't declare a table: " + to_error(*outcome.fault).message());
  }

  DuckDatabase database_;
  DuckConnection connection_;
  DuckPrepared serialize_;
  std::set<std::string> names_;
  std::set<std::string> schemas_;
  std::map<TableName, char> kinds_;                                // 't' or 'v', as last declared
  std::map<TableName, char> made_;                                 // what the engine has
  std::map<TableName, std::string> pending_;                       // statements that it hasn't been given
  std::unordered_map<std::size_t, std::vector<TableName>> reads_;  // by the hash of a query's text
  std::map<std::string, MacroDefinition> macros_;
  std::map<std::string, Position> macro_places_;
};

Shadow::Shadow() : impl_(std::make_unique<Impl>()) {}

Shadow::~Shadow() = default;

void Shadow::add_macros(std::string_view sql, const std::string& file) { impl_->add_macros(sql, file); }

std::map<std::string, std::string> Shadow::macros_used(const ParsedQuery& query) { return impl_->macros_used(query); }

void Shadow::offer_names(std::span<const TableName> tables) {
  for (const TableName& table : tables) impl_->offer_name(table);
}

ParsedQuery Shadow::parse(std::string_view sql, const std::string& file) { return impl_->parse(sql, file); }

void Shadow::declare_table(const TableName& table, std::span<const Column> columns) {
  impl_->declare_table(table, columns);
}

void Shadow::declare_view(const TableName& table, std::string_view sql) { impl_->declare_view(table, sql); }

std::vector<Column> Shadow::bind(std::string_view sql, const std::string& file) { return impl_->bind(sql, file); }

}  // namespace lochan
