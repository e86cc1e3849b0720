// Models in a database: their connection, what may be made there, and that each has a name of its own.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "project/database_model.h"
#include "project/scalar.h"
#include "project/verify_project.h"

namespace lochan {
namespace {

constexpr std::size_t kLongestName = 63;  // of PostgreSQL, in bytes

void verify_connection(const Project& project, const LocatedText& in, Problems& problems) {
  const auto found = project.connections.find(*in);
  if (found == project.connections.end()) {
    std::vector<std::string> names;
    for (const auto& [name, connection] : project.connections) names.push_back(name);
    problems.add(in.position, fmt::format("no connection `{}` in lochan.yaml", *in),
                 text::did_you_mean(*in, names, fmt::format("add it there: `connections: {{ {}: … }}`", *in)));
  } else if (!found->second.kind.empty() && found->second.kind != "postgres") {
    problems.add(in.position,
                 fmt::format("`{}` is of kind `{}`, and models are made in PostgreSQL only", *in, found->second.kind),
                 "name a connection such as `postgresql://user@host/database`");
  }
}

void verify_kind(const Model& model, Problems& problems) {
  const Position top{model.file, 1, 1};
  const std::string name = to_string(model.table);
  const DatabaseModel& database = *model.database;
  const Materialization kind = model.materialized;
  const bool has_rows = kind == Materialization::Table || kind == Materialization::Incremental;
  if (kind == Materialization::Append || kind == Materialization::Scd2)
    problems.add(top, fmt::format("`{}` is of kind `{}`, which isn't made in a database", name, to_string(kind)),
                 "there are `table`, `view`, `incremental` and `materialized_view`; make it in the lake, and let a "
                 "sink carry it");
  if (kind == Materialization::Incremental && model.key.empty())
    problems.add(top, fmt::format("`{}` is incremental without a `key`", name),
                 "name the column or columns that name a row, such as `key: id`");
  if (!has_rows && !model.key.empty() && kind != Materialization::Scd2)
    problems.add(
        model.key[0].position, fmt::format("`key` is a primary key, and `{}` is of kind `{}`", name, to_string(kind)),
        kind == Materialization::MaterializedView ? "write `indexes: [ { columns: id, unique: true } ]`" : "remove it");
  if (kind == Materialization::View && !database.indexes.empty())
    problems.add(top, fmt::format("a view has no indexes, and `{}` is one", name),
                 "remove `indexes`, or make it a materialized_view");
  if (kind != Materialization::MaterializedView && database.refreshed_at)
    problems.add(database.refreshed_at->position,
                 fmt::format("`refreshed_at` is for `materialized: materialized_view`, and `{}` is of kind `{}`", name,
                             to_string(kind)),
                 "remove it");
}

// Keys that only the lake's tables have.
void refuse_keys(const Model& model, Problems& problems) {
  const auto refuse = [&](const Position& position, std::string_view key) {
    problems.add(
        position,
        fmt::format("`{}` is for tables of the lake, and `{}` is made in a database", key, to_string(model.table)),
        "remove it");
  };
  const Position top{model.file, 1, 1};
  if (model.updated_at) refuse(model.updated_at->position, "updated_at");
  if (!model.compare.empty()) refuse(model.compare[0].position, "compare");
  if (model.deleted) refuse(model.deleted->position, "deleted");
  if (model.deletes != HistoryDeletes::Close) refuse(top, "deletes");
  if (model.time) refuse(model.time->position, "time");
  if (model.begin) refuse(model.begin->position, "begin");
  if (model.interval != Interval::Day) refuse(top, "interval");
  if (!model.inputs.empty()) refuse(model.inputs[0].table.position, "inputs");
  if (!model.partition_by.empty()) refuse(model.partition_by[0].position, "partition_by");
  if (model.max_rejected.rows || model.max_rejected.share) refuse(top, "max_rejected");
  for (const CheckConfig& check : model.checks) {
    if (check.on_fail == OnFail::Quarantine)
      problems.add(check.position,
                   fmt::format("`{}` can't put rows of `{}` in quarantine: it is made in a database", check.name,
                               to_string(model.table)),
                   "remove `on_fail`");
    if (check.kind == "reconciliation") refuse(check.position, "reconciliation");
  }
}

void verify_names(const Model& model, Problems& problems) {
  const DatabaseModel& database = *model.database;
  const PostgresName name = postgres_name(model);
  const Position at = database.schema ? database.schema->position : Position{model.file, 1, 1};
  if (name.schema.empty() || name.schema.size() > kLongestName || name.schema.starts_with("pg_") ||
      name.schema == "information_schema")
    problems.add(at, fmt::format("`{}` can't be the schema of `{}`", name.schema, to_string(model.table)),
                 fmt::format("name one of at most {} bytes that isn't PostgreSQL's own", kLongestName));
  // What is made anew has another name for a while.
  constexpr std::size_t kEnding = std::string_view("__lochan").size();
  if (name.name.size() + kEnding > kLongestName)
    problems.add({model.file, 1, 1}, fmt::format("`{}` is longer than {} bytes", name.name, kLongestName - kEnding),
                 "give the file a shorter name");
  if (name.name == "lochan_model" || name.name == "lochan_mark")
    problems.add({model.file, 1, 1}, fmt::format("`{}` is the platform's own table there", name.name),
                 "give the file another name");
  for (const LocatedText& source : database.sources)
    if (!parse_postgres_name(*source))
      problems.add(source.position, fmt::format("`{}` in `sources` is no table's name", *source),
                   "write it as `schema.table`");
}

class Names {
 public:
  Names(const Project& project, Problems& problems) : problems_(problems) {
    for (const TableName& table : all_tables(project)) lake_.insert(text::lower(to_string(table)));
    for (const auto& [name, sink] : project.sinks)
      for (const SinkTable& table : sink.tables)
        there_.try_emplace(*sink.to + "/" + postgres_name(sink, table).text(), table.position);
  }

  void add(const Model& model) {
    const Position at = model.database->is_foreign ? model.position : Position{model.file, 1, 1};
    if (lake_.contains(text::lower(to_string(model.table))))
      problems_.add(at,
                    fmt::format("table `{}` is made twice: in the lake, and in `{}`", to_string(model.table),
                                *model.database->in.value()),
                    "give one of them another name");
    const auto [first, is_new] =
        there_.try_emplace(*model.database->in.value() + "/" + postgres_name(model).text(), at);
    if (!is_new)
      problems_.add(at,
                    fmt::format("`{}` of `{}` is made twice", postgres_name(model).text(), *model.database->in.value()),
                    fmt::format("the other one is {}", to_string(first->second)));
  }

 private:
  Problems& problems_;
  std::set<std::string> lake_;
  std::map<std::string, Position> there_;
};

}  // namespace

PostgresName postgres_name(const Model& model) {
  const auto& schema = model.database->schema;
  return {schema ? **schema : model.table.layer, model.table.name};
}

PostgresName postgres_name(const SinkConfig& sink, const SinkTable& table) {
  const auto dot = table.to.find('.');
  if (dot == std::string::npos) return {sink.schema.empty() ? "public" : sink.schema, table.to};
  return {table.to.substr(0, dot), table.to.substr(dot + 1)};
}

std::optional<PostgresName> parse_postgres_name(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == text.size()) return std::nullopt;
  return PostgresName{std::string(text.substr(0, dot)), std::string(text.substr(dot + 1))};
}

void verify_database_models(const Project& project, Problems& problems) {
  Names names(project, problems);
  for (const ViewList& list : project.view_lists) verify_connection(project, list.in, problems);
  for (const auto& [table, model] : project.database_models) {
    names.add(model);
    if (model.database->is_foreign) continue;
    verify_connection(project, *model.database->in, problems);
    verify_kind(model, problems);
    refuse_keys(model, problems);
    verify_names(model, problems);
  }
}

}  // namespace lochan
