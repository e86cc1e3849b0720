#include "plan/ddl.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/sql.h"
#include "base/text.h"
#include "project/database_model.h"
#include "sink/postgres_column.h"
#include "sink/postgres_partitions.h"

namespace lochan {
namespace {

std::vector<std::string> texts(const std::vector<LocatedText>& located) {
  std::vector<std::string> result;
  for (const LocatedText& text : located) result.push_back(*text);
  return result;
}

// A name as people write it, quoted where it must be.
std::string plain(const std::string& name) {
  const bool is_plain = !name.empty() && std::ranges::all_of(name, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
  }) && !(name[0] >= '0' && name[0] <= '9');
  // Words that a column may be called, and SQL keeps for itself.
  static const std::set<std::string> kReserved = {
      "all",   "and",      "as",   "asc",    "case",   "check", "column", "constraint", "create",     "default",
      "desc",  "distinct", "do",   "else",   "end",    "from",  "grant",  "group",      "having",     "in",
      "limit", "not",      "null", "offset", "on",     "or",    "order",  "primary",    "references", "select",
      "table", "then",     "to",   "union",  "unique", "user",  "using",  "when",       "where",      "with"};
  return is_plain && !kReserved.contains(name) ? name : sql::identifier(name);
}

std::string plain(const std::vector<std::string>& names) {
  std::vector<std::string> result;
  for (const std::string& name : names) result.push_back(plain(name));
  return fmt::format("{}", fmt::join(result, ", "));
}

std::string create_table(const std::string& name, const std::vector<Column>& columns,
                         const std::vector<std::string>& key, const std::string& clause = "") {
  std::vector<std::string> lines;
  for (const Column& column : columns)
    lines.push_back(fmt::format("  {} {}{}", plain(column.name), column.type, column.nullable ? "" : " not null"));
  if (!key.empty()) lines.push_back(fmt::format("  primary key ({})", plain(key)));
  return fmt::format("create table {} (\n{}\n){};\n", name, fmt::join(lines, ",\n"), clause);
}

class Ddl {
 public:
  Ddl(const Project& project, const Analysis& analysis, std::span<const Entry> entries,
      const std::optional<TableName>& only)
      : project_(project), analysis_(analysis), only_(only) {
    for (const Entry& entry : entries) entries_.emplace(entry.table, &entry);
  }

  std::string sql() {
    write_lake();
    for (const auto& [name, sink] : project_.sinks) write_sink(sink);
    write_databases();
    return std::move(text_);
  }

  std::string diagram() {
    text_ = "erDiagram\n";
    for (const TableName& table : lake_tables()) draw(table, columns_of(table), keys_of(table), checks_of(table));
    for (const TableName& table : analysis_.order)
      if (const auto model = analysis_.database_models.find(table);
          model != analysis_.database_models.end() && is_wanted(table))
        draw(table, model->second.columns, texts(model->second.model->key), model->second.model->checks);
    for (const std::string& line : relations_) text_ += line;
    return std::move(text_);
  }

 private:
  bool is_wanted(const TableName& table) const { return !only_ || *only_ == table; }

  // Inputs first; what outsiders keep comes last.
  std::vector<TableName> lake_tables() const {
    std::vector<TableName> tables;
    for (const TableName& table : analysis_.order)
      if (is_wanted(table) && !analysis_.database_models.contains(table)) tables.push_back(table);
    for (const auto& [table, entry] : entries_)
      if (is_wanted(table) && std::ranges::find(tables, table) == tables.end()) tables.push_back(table);
    return tables;
  }

  std::vector<Column> columns_of(const TableName& table) const {
    if (const auto found = analysis_.columns.find(table); found != analysis_.columns.end() && !found->second.empty())
      return found->second;
    const auto entry = entries_.find(table);
    return entry == entries_.end() ? std::vector<Column>{} : entry->second->columns;
  }

  std::vector<CheckConfig> checks_of(const TableName& table) const {
    const auto found = project_.checks.find(table);
    return found == project_.checks.end() ? std::vector<CheckConfig>{} : found->second;
  }

  // What is surely so: merged by it, or checked.
  std::vector<std::string> keys_of(const TableName& table) const {
    const auto model = project_.models.find(table);
    if (model != project_.models.end() && model->second.materialized == Materialization::Incremental &&
        !model->second.key.empty())
      return texts(model->second.key);
    for (const CheckConfig& check : checks_of(table))
      if (check.kind == "unique" && check.severity == Severity::Error && check.where.empty())
        return texts(check.columns);
    return {};
  }

  void begin(const std::string& title) { text_ += fmt::format("{}-- {}\n", text_.empty() ? "" : "\n", title); }

  void add_schema(std::set<std::string>& made, const std::string& schema) {
    if (!only_ && made.insert(schema).second)
      text_ += fmt::format("\ncreate schema if not exists {};\n", plain(schema));
  }

  void write_lake() {
    const std::vector<TableName> tables = lake_tables();
    if (tables.empty()) return;
    begin("the lake: types and names as DuckDB writes them");
    std::set<std::string> schemas;
    for (const TableName& table : tables) {
      add_schema(schemas, table.layer);
      text_ += "\n";
      const std::string name = plain(table.layer) + "." + plain(table.name);
      const auto model = project_.models.find(table);
      if (model != project_.models.end() && !model->second.description.empty())
        text_ += fmt::format("-- {}\n", text::trim(model->second.description));
      if (model != project_.models.end() && model->second.materialized == Materialization::View)
        text_ += fmt::format("create view {} as\n{};\n", name, without_end(model->second.sql));
      else if (columns_of(table).empty())
        text_ += fmt::format("-- {}: its columns aren't known before its first run\n", name);
      else
        text_ += create_table(name, columns_of(table), keys_of(table));
    }
  }

  static std::string without_end(const std::string& sql) {
    std::string_view trimmed = text::trim(sql);
    while (trimmed.ends_with(';')) trimmed = text::trim(trimmed.substr(0, trimmed.size() - 1));
    return std::string(trimmed);
  }

  void write_indexes(const std::string& name, const std::vector<SinkIndex>& indexes,
                     const std::vector<LocatedText>& grants) {
    for (const SinkIndex& index : indexes)
      text_ +=
          fmt::format("create {}index on {} ({});\n", index.unique ? "unique " : "", name, plain(texts(index.columns)));
    for (const LocatedText& role : grants) text_ += fmt::format("grant select on {} to {};\n", name, plain(*role));
  }

  static std::string partitions(const SinkTable& table) {
    const auto by = range_partition_of(table);
    return by ? fmt::format(" partition by range ({}) /* by {} */", plain(by->column), by->unit) : "";
  }

  void write_sink(const SinkConfig& sink) {
    const auto connection = project_.connections.find(*sink.to);
    if (connection == project_.connections.end() || connection->second.kind != "postgres") return;
    std::set<std::string> schemas;
    bool is_first = true;
    for (const SinkTable& table : sink.tables) {
      if (!is_wanted(table.table)) continue;
      if (std::exchange(is_first, false))
        begin(fmt::format("`{}`, PostgreSQL: what sink:{} carries there", *sink.to, sink.name));
      const PostgresName name = postgres_name(sink, table);
      add_schema(schemas, name.schema);
      const std::string shown = plain(name.schema) + "." + plain(name.name);
      std::vector<Column> columns;
      for (const Column& column : columns_of(table.table))
        columns.push_back({column.name, postgres_column(column).type});
      text_ += columns.empty() ? fmt::format("\n-- {}: its columns aren't known before the first run of {}\n", shown,
                                             to_string(table.table))
                               : "\n" + create_table(shown, columns, texts(table.key), partitions(table));
      if (columns.empty()) continue;
      write_indexes(shown, table.indexes, table.grants);
      if (!table.comment.empty())
        text_ += fmt::format("comment on table {} is {};\n", shown, sql::literal(table.comment));
      for (const auto& [column, comment] : table.comments)
        text_ += fmt::format("comment on column {}.{} is {};\n", shown, plain(column), sql::literal(comment));
    }
  }

  void write_databases() {
    std::map<std::string, std::set<std::string>> schemas;
    for (const TableName& table : analysis_.order) {
      const auto found = analysis_.database_models.find(table);
      if (found == analysis_.database_models.end() || !is_wanted(table)) continue;
      const Model& model = *found->second.model;
      const std::string& connection = *model.database->in.value();
      if (!schemas.contains(connection)) begin(fmt::format("`{}`, PostgreSQL: what models make there", connection));
      const PostgresName name = postgres_name(model);
      if (!model.database->is_foreign)
        add_schema(schemas[connection], name.schema);
      else
        schemas[connection];
      text_ += "\n" + database_ddl(found->second, plain(name.schema) + "." + plain(name.name));
      if (!found->second.columns.empty() || model.materialized != Materialization::Table)
        write_indexes(plain(name.schema) + "." + plain(name.name), model.database->indexes, model.database->grants);
    }
  }

  static std::string database_ddl(const AnalysedDatabaseModel& analysed, const std::string& name) {
    const Model& model = *analysed.model;
    if (model.database->is_foreign) {
      std::string lines = fmt::format("-- materialized view {}, made by others:\n", name);
      for (const Column& column : analysed.columns)
        lines += fmt::format("--   {} {}\n", plain(column.name), column.type);
      return lines;
    }
    if (model.materialized == Materialization::View)
      return fmt::format("create view {} as\n{};\n", name, without_end(model.sql));
    if (model.materialized == Materialization::MaterializedView)
      return fmt::format("create materialized view {} as\n{};\n", name, without_end(model.sql));
    if (analysed.columns.empty()) return fmt::format("-- {}: its columns aren't known before its first run\n", name);
    return create_table(name, analysed.columns, texts(model.key));
  }

  static std::string word(std::string text) {
    for (char& letter : text)
      if (letter == ' ' || letter == ',' || letter == '"') letter = '_';
    return text;
  }

  void draw(const TableName& table, const std::vector<Column>& columns, const std::vector<std::string>& keys,
            const std::vector<CheckConfig>& checks) {
    text_ += fmt::format("  \"{}\" {{\n", to_string(table));
    for (const Column& column : columns) {
      const bool is_key = std::ranges::find(keys, column.name) != keys.end();
      const bool is_foreign = std::ranges::any_of(checks, [&](const CheckConfig& check) {
        return check.kind == "relationships" && !check.columns.empty() && *check.columns[0] == column.name;
      });
      text_ += fmt::format("    {} {}{}\n", word(column.type), word(column.name),
                           is_key && is_foreign ? " PK, FK"
                           : is_key             ? " PK"
                           : is_foreign         ? " FK"
                                                : "");
    }
    text_ += "  }\n";
    for (const CheckConfig& check : checks)
      if (check.kind == "relationships" && check.to && !check.columns.empty())
        relations_.push_back(
            fmt::format("  \"{}\" }}o--|| \"{}\" : \"{}\"\n", to_string(table), **check.to, *check.columns[0]));
  }

  const Project& project_;
  const Analysis& analysis_;
  const std::optional<TableName>& only_;
  std::map<TableName, const Entry*> entries_;
  std::vector<std::string> relations_;
  std::string text_;
};

}  // namespace

std::string ddl(const Project& project, const Analysis& analysis, std::span<const Entry> entries,
                const std::optional<TableName>& only) {
  return Ddl(project, analysis, entries, only).sql();
}

std::string entity_diagram(const Project& project, const Analysis& analysis, std::span<const Entry> entries,
                           const std::optional<TableName>& only) {
  return Ddl(project, analysis, entries, only).diagram();
}

}  // namespace lochan
