// Tables: each name once, keys of a model that go together, checks that name tables there are.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "project/database_model.h"
#include "project/file_keys.h"
#include "project/rejected_name.h"
#include "project/scalar.h"
#include "project/verify_project.h"

namespace lochan {
namespace {

/// The engine's names don't tell capitals apart, so tables that differ in nothing else would be one.
void verify_names(const Project& project, Problems& problems) {
  struct First {
    TableName table;
    Position position;
  };
  std::map<std::string, First> first;
  const auto add = [&](const TableName& table, const Position& position, std::string_view otherwise = "") {
    if (rejected_of({table.layer, text::lower(table.name)}))
      problems.add(position, fmt::format("`{}` is a name for refused records", to_string(table)),
                   "those of a table go to `<table>__rejected`: name it otherwise");
    const auto [found, is_new] = first.try_emplace(text::lower(to_string(table)), First{table, position});
    if (is_new) return;
    const bool is_same = found->second.table == table;
    problems.add(position,
                 is_same ? fmt::format("table `{}` is made twice", to_string(table))
                         : fmt::format("tables `{}` and `{}` differ in capitals only", to_string(table),
                                       to_string(found->second.table)),
                 fmt::format("the other one is {}{}", to_string(found->second.position), is_same ? otherwise : ""));
  };
  std::vector<std::pair<Position, TableName>> raw;
  for (const auto& [name, source] : project.sources)
    for (const SourceTable& table : source.tables) raw.emplace_back(table.position, table.table());
  std::ranges::sort(raw, [](const auto& a, const auto& b) {
    return std::tie(a.first.file, a.first.line, a.first.column) < std::tie(b.first.file, b.first.line, b.first.column);
  });
  for (const auto& [position, table] : raw)
    add(table, position,
        fmt::format(": give one another name, and say `from: {}` where the source calls it so", table.name));
  for (const auto& [table, model] : project.models) add(table, {model.file, 1, 1});
  for (const auto& [name, command] : project.commands)
    for (const CommandOutput& output : command.outputs) add(output.table, output.position);
}

/// `dt`, `day(sold_at)`, `bucket(16, id)`: Iceberg's transforms.
bool is_partition(std::string_view text) {
  const auto open = text.find('(');
  if (open == std::string_view::npos) return text.find_first_of(") ,") == std::string_view::npos;
  if (!text.ends_with(')')) return false;
  const std::string_view transform = text::trim(text.substr(0, open));
  const std::vector<std::string> arguments = text::split(text.substr(open + 1, text.size() - open - 2), ',');
  constexpr std::array<std::string_view, 4> kTimes = {"year", "month", "day", "hour"};
  if (std::ranges::find(kTimes, transform) != kTimes.end())
    return arguments.size() == 1 && !text::trim(arguments[0]).empty();
  if (transform != "bucket" && transform != "truncate") return false;
  return arguments.size() == 2 && parse_integer(text::trim(arguments[0])).value_or(0) > 0 &&
         !text::trim(arguments[1]).empty();
}

void verify_history(const Model& model, Problems& problems) {
  const std::string table = to_string(model.table);
  if (model.materialized == Materialization::Scd2) {
    if (model.key.empty())
      problems.add({model.file, 1, 1}, fmt::format("`{}` is scd2 without a `key`", table),
                   "name the column or columns whose history it is, such as `key: id`");
    return;
  }
  const auto refuse = [&](const Position& position, std::string_view key) {
    problems.add(position, fmt::format("`{}` is for `materialized: scd2`, and `{}` is of kind `{}`", key, table, to_string(model.materialized)),
                 "remove it, or write `materialized: scd2`");
  };
  if (model.updated_at) refuse(model.updated_at->position, "updated_at");
  if (!model.compare.empty()) refuse(model.compare[0].position, "compare");
  if (model.deleted) refuse(model.deleted->position, "deleted");
  if (model.deletes != HistoryDeletes::Close) refuse(model.position, "deletes");
}

void verify_model(const Model& model, Problems& problems) {
  if (model.materialized == Materialization::MaterializedView || model.database)
    problems.add({model.file, 1, 1},
                 model.database
                     ? fmt::format("`{}` has keys of a table in a database, and no `in`", to_string(model.table))
                     : fmt::format("`{}` is a materialized view, which only a database has", to_string(model.table)),
                 "name the connection it is made in, such as `in: warehouse`");
  const std::string_view materialized = to_string(model.materialized);
  if (model.materialized == Materialization::Incremental && model.key.empty() && !model.time)
    problems.add({model.file, 1, 1}, fmt::format("`{}` is incremental without a `key` or a `time`", to_string(model.table)),
                 "name the column or columns that name a row, such as `key: id`, or the one that says when, such as "
                 "`time: sold_at`");
  if (model.materialized != Materialization::Incremental && model.materialized != Materialization::Scd2 && !model.key.empty())
    problems.add(model.key[0].position,
                 fmt::format("`key` is for `materialized: incremental` and `scd2`, and `{}` is of kind `{}`",
                             to_string(model.table), materialized),
                 "remove it, or add `materialized: incremental`");
  verify_history(model, problems);
  if (model.materialized == Materialization::View && !model.partition_by.empty())
    problems.add(model.partition_by[0].position,
                 fmt::format("a view has no partitions, and `{}` is one", to_string(model.table)),
                 "remove `partition_by`");
  for (const LocatedText& partition : model.partition_by)
    if (!is_partition(*partition))
      problems.add(partition.position, fmt::format("`{}` is not a partition", cut_text(*partition, 64)),
                   "there are columns, `year(c)`, `month(c)`, `day(c)`, `hour(c)`, `bucket(16, c)`, `truncate(4, c)`");
}

/// A version that ends is written anew, and its old row deleted.
void verify_immutable_history(const Project& project, const Model& model, Problems& problems) {
  const auto layer = project.layers.find(model.table.layer);
  if (model.materialized != Materialization::Scd2 || layer == project.layers.end() || !layer->second.immutable) return;
  problems.add({model.file, 1, 1}, fmt::format("`{}` ends versions that are there, and layer `{}` is immutable", to_string(model.table), model.table.layer),
               "move it to another layer; its raw table stays as it is");
}

bool quarantines(const CheckConfig& check) { return check.on_fail == OnFail::Quarantine; }

void verify_quarantine(const Model& model, Problems& problems) {
  const auto first = std::ranges::find_if(model.checks, quarantines);
  const bool is_limited = model.max_rejected.rows || model.max_rejected.share;
  if (is_limited && first == model.checks.end())
    problems.add({model.file, 1, 1},
                 fmt::format("`max_rejected` of `{}` limits nothing: no check of it has `on_fail: quarantine`",
                             to_string(model.table)),
                 "remove it, or say which check puts rows in quarantine");
  if (model.materialized == Materialization::View && first != model.checks.end())
    problems.add(first->position,
                 fmt::format("a view stores no rows, so `{}` can't put them in quarantine", first->name),
                 "make the model a table, or remove `on_fail`");
}

// Files may hold records that can't be read.
bool reads_files(const Project& project, const SourceConfig& source) {
  return std::ranges::any_of(source.from, [&](const auto& name) {
    const auto connection = project.connections.find(*name);
    return connection != project.connections.end() && connection->second.kind == "files";
  });
}

void verify_quarantine(const Project& project, const SourceConfig& source, const SourceTable& table, Problems& problems) {
  const bool is_limited = table.max_rejected.rows || table.max_rejected.share;
  if (is_limited && !reads_files(project, source) && std::ranges::none_of(table.checks, quarantines))
    problems.add(table.position,
                 fmt::format("`max_rejected` of `{}` limits nothing: no check of it has `on_fail: quarantine`", table.name),
                 "remove it, or say which check puts rows in quarantine");
}

void verify_checks(const Project& project, Problems& problems) {
  for (const auto& [table, checks] : project.checks) {
    std::map<std::string, Position> first;
    const auto model = project.models.find(table);
    // Every table with history has a check of this name.
    if (model != project.models.end() && model->second.materialized == Materialization::Scd2)
      first.emplace("history", Position{model->second.file, 1, 1});
    for (const CheckConfig& check : checks) {
      if (quarantines(check) && check.severity == Severity::Warn)
        problems.add(check.position, fmt::format("`{}` only warns, and would put rows in quarantine", check.name),
                     "remove `severity: warn` or `on_fail: quarantine`");
      const bool is_output = std::ranges::any_of(project.commands, [&](const auto& command) {
        const auto& outputs = command.second.outputs;
        return std::ranges::find(outputs, table, &CommandOutput::table) != outputs.end();
      });
      if (check.kind == "reconciliation" && (model != project.models.end() || is_output))
        problems.add(check.position, fmt::format("`{}` is for a source's table, and `{}` is {}", check.name, to_string(table),
                                                 is_output ? "a command's" : "a model"),
                     "write it at the table that the source loads");
      if (check.to)
        if (const auto to = parse_table_name(check.to->value))
          is_known_table(project, {*to, check.to->position}, problems);
      const auto [found, is_new] = first.try_emplace(check.name, check.position);
      if (!is_new)
        problems.add(check.position, fmt::format("two checks of `{}` are named `{}`", to_string(table), check.name),
                     fmt::format("the other one is {}; give one a `name:`", to_string(found->second)));
    }
  }
}

/// A layer that no table is in is a plan for later, unless its name looks like a slip.
void verify_layers(const Project& project, Problems& problems) {
  std::set<std::string> used;
  for (const TableName& table : all_tables(project)) used.insert(table.layer);
  for (const auto& [name, layer] : project.layers) {
    if (used.contains(name)) continue;
    std::vector<std::string> others;
    std::ranges::copy_if(used, std::back_inserter(others),
                         [&](const std::string& other) { return !project.layers.contains(other); });
    if (const std::string near = text::nearest(name, others); !near.empty())
      problems.add(layer.position, fmt::format("no table is in layer `{}`", name),
                   fmt::format("did you mean `{}`?", near));
  }
}

}  // namespace

std::vector<TableName> all_tables(const Project& project) {
  std::set<TableName> tables;
  for (const auto& [name, source] : project.sources)
    for (const SourceTable& table : source.tables) tables.insert(table.table());
  for (const auto& [table, model] : project.models) tables.insert(table);
  for (const auto& [name, command] : project.commands)
    for (const CommandOutput& output : command.outputs) tables.insert(output.table);
  return {tables.begin(), tables.end()};
}

bool is_known_table(const Project& project, const Located<TableName>& table, Problems& problems) {
  const auto makes = [&](const auto& source) {
    return std::ranges::find(source.second.tables, table->name, &SourceTable::name) != source.second.tables.end();
  };
  if (project.models.contains(*table)) return true;
  if (table->layer == "raw" && std::ranges::any_of(project.sources, makes)) return true;
  for (const auto& [name, command] : project.commands)
    if (std::ranges::find(command.outputs, *table, &CommandOutput::table) != command.outputs.end()) return true;
  if (const auto outside = project.database_models.find(*table); outside != project.database_models.end()) {
    problems.add(table.position,
                 fmt::format("`{}` is made in the database `{}`, not in the lake", to_string(*table),
                             *outside->second.database->in.value()),
                 "name a table of the lake; what a database has comes into it by a source");
    return false;
  }
  std::vector<std::string> names;
  for (const TableName& known : all_tables(project)) names.push_back(to_string(known));
  problems.add(table.position, fmt::format("no table `{}`", to_string(*table)),
               text::did_you_mean(to_string(*table), names, "no source, model or command makes it"));
  return false;
}

void verify_tables(const Project& project, Problems& problems) {
  verify_names(project, problems);
  for (const auto& [table, model] : project.models) {
    verify_model(model, problems);
    verify_immutable_history(project, model, problems);
    verify_quarantine(model, problems);
  }
  verify_intervals(project, problems);
  for (const auto& [name, source] : project.sources)
    for (const SourceTable& table : source.tables) verify_quarantine(project, source, table, problems);
  verify_checks(project, problems);
  verify_layers(project, problems);
}

}  // namespace lochan
