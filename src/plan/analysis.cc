#include "plan/analysis.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>
#include <set>

#include "base/hash.h"
#include "base/sql.h"
#include "base/text.h"
#include "check/check.h"
#include "check/history.h"
#include "model/history.h"
#include "plan/command_analysis.h"
#include "plan/database_analysis.h"
#include "plan/interval_model.h"
#include "plan/offerings.h"
#include "project/database_model.h"
#include "project/http_config.h"
#include "project/rejected_name.h"
#include "source/load.h"
#include "source/source.h"

namespace lochan {
namespace {

class Analyser {
 public:
  Analyser(const Project& project, std::span<const Entry> entries, Shadow& shadow, AnalysisOptions options)
      : project_(project), shadow_(shadow), options_(options) {
    for (const Entry& entry : entries) entries_.emplace(entry.table, &entry);
  }

  Analysis analyse() {
    for (const Macro& macro : project_.macros) collect([&] { shadow_.add_macros(macro.sql, macro.file); });
    offer_names();
    parse_models();
    declare_raw_tables();
    declare_outputs();
    for (const auto& [table, model] : project_.models) visit(table);
    for (const auto& [name, command] : project_.commands) visit_command(command);
    analyse_checks();
    if (options_.databases) analyse_databases(project_, result_);
    std::ranges::stable_sort(result_.problems, {}, [](const Error& problem) {
      return std::pair(problem.position().file, problem.position().line);
    });
    return std::move(result_);
  }

 private:
  template <typename Work>
  bool collect(Work&& work) {
    try {
      work();
      return true;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Project && error.kind() != ErrorKind::NotFound) throw;
      result_.problems.push_back(error);
      return false;
    }
  }

  // For the hints of what names no table.
  void offer_names() {
    std::vector<TableName> names;
    for (const auto& [table, model] : project_.models) names.push_back(table);
    for (const auto& [name, source] : project_.sources)
      for (const SourceTable& table : source.tables) names.push_back(table.table());
    for (const auto& [name, command] : project_.commands)
      for (const CommandOutput& output : command.outputs) names.push_back(output.table);
    for (const auto& [table, entry] : entries_) names.push_back(table);
    shadow_.offer_names(names);
  }

  void parse_models() {
    for (const auto& [table, model] : project_.models) {
      if (model.sql.empty()) continue;  // it couldn't be read, and that was said
      AnalysedModel analysed;
      analysed.model = &model;
      if (!collect([&] { analysed.query = shadow_.parse(model.sql, model.file); })) continue;
      for (const TableReference& reference : analysed.query.references) {
        if (std::ranges::find(analysed.reads, reference.table) == analysed.reads.end())
          analysed.reads.push_back(reference.table);
      }
      analysed.fingerprint = fingerprint(analysed);
      result_.models.emplace(table, std::move(analysed));
    }
  }

  std::string fingerprint(const AnalysedModel& analysed) const {
    const Model& model = *analysed.model;
    std::string text = analysed.query.canonical + fmt::format("|{}", static_cast<int>(model.materialized));
    for (const LocatedText& column : model.key) text += "|key " + *column;
    for (const LocatedText& column : model.partition_by) text += "|partition " + *column;
    if (model.updated_at) text += "|updated_at " + **model.updated_at;
    for (const LocatedText& column : model.compare) text += "|compare " + *column;
    if (model.deleted) text += "|deleted " + **model.deleted;
    if (model.materialized == Materialization::Scd2) text += fmt::format("|deletes {}", static_cast<int>(model.deletes));
    text += interval_settings(model);
    // A table that is made whole is what its rules let through; of others a rule holds for the rows to come.
    if (model.materialized == Materialization::Table)
      for (const CheckConfig& check : model.checks)
        if (check.on_fail == OnFail::Quarantine) text += "|rule " + rule_text(check);
    for (const std::string& name : analysed.query.parameters) {
      if (const auto found = project_.variables.find(name); found != project_.variables.end())
        text += fmt::format("|${}={}", name, found->second);
    }
    for (const auto& [name, definition] : shadow_.macros_used(analysed.query))
      text += fmt::format("|{} {}", name, definition);
    return sha256(text).substr(0, 16);
  }

  static std::string rule_text(const CheckConfig& check) {
    try {
      const RowRule rule = row_rule(check, false);
      return rule.name + " " + rule.failing;
    } catch (const Error&) {
      return {};  // it is reported with the checks
    }
  }

  void declare_raw_tables() {
    for (const auto& [name, source] : project_.sources) {
      for (const SourceTable& table : source.tables) {
        result_.raw_fingerprints[table.table()] = raw_fingerprint(table);
        result_.order.push_back(table.table());
        visited_.insert(table.table());
        declare(table.table(), raw_table_columns(source, table));
      }
    }
  }

  static std::string raw_fingerprint(const SourceTable& table) {
    std::string text = fmt::format("{}|{}", table.from, static_cast<int>(table.load));
    if (table.cursor) text += "|cursor " + **table.cursor;
    for (const LocatedText& column : table.key) text += "|key " + *column;
    if (table.deletes == SourceDeletes::Detect) text += "|deletes";
    for (const auto& [option, value] : table.options) text += fmt::format("|{}={}", option, value);
    if (table.request) text += "|request " + http_fingerprint(*table.request);
    return sha256(text).substr(0, 16);
  }

  std::vector<Column> raw_table_columns(const SourceConfig& source, const SourceTable& table) {
    if (const auto found = entries_.find(table.table()); found != entries_.end()) return found->second->columns;
    if (!options_.discover) return {};
    for (const LocatedText& name : source.from) {
      const auto connection = project_.connections.find(*name);
      if (connection == project_.connections.end()) continue;
      try {
        const auto is_wanted = [&](const SourceTable& other) { return !entries_.contains(other.table()); };
        return raw_columns(offerings_.of(source, connection->second, is_wanted).describe(table, {}).columns);
      } catch (Error& error) {
        // A connection that is away fails its own step later; what it doesn't have is the user's mistake now.
        if (error.kind() == ErrorKind::Unavailable) continue;
        if (error.kind() == ErrorKind::NotFound && options_.databases)
          if (auto columns = collect_columns_to_come(connection->second, table)) return raw_columns(*columns);
        // What it says of the connection is the same for each of its tables.
        error.at(table.position);
        const auto is_same = [&](const Error& other) { return std::string_view(other.what()) == error.what(); };
        if (std::ranges::none_of(result_.problems, is_same)) result_.problems.push_back(error);
        return {};
      }
    }
    return {};
  }

  std::optional<std::vector<Column>> collect_columns_to_come(const Connection& connection, const SourceTable& table) {
    std::optional<std::vector<Column>> columns;
    collect([&] { columns = columns_to_come_.of(connection, table); });
    return columns;
  }

  // What a program will write is known from its file, or from what it has written.
  void declare_outputs() {
    for (const auto& [name, command] : project_.commands) {
      collect([&] { result_.commands.emplace(name, analyse_command(project_, command)); });
      for (const CommandOutput& output : command.outputs) {
        makers_.emplace(output.table, &command);
        std::vector<Column> columns = declared_columns(output);
        if (const auto found = entries_.find(output.table); columns.empty() && found != entries_.end())
          columns = found->second->columns;
        try {
          declare(output.table, std::move(columns));
        } catch (const Error& error) {
          result_.problems.push_back(Error(ErrorKind::Project, error.message()).at(output.position).hint(error.hint()));
        }
      }
    }
  }

  // After all that it needs. A command or a table that is met again on its own path is a cycle.
  void visit_command(const CommandConfig& command) {
    if (visited_commands_.contains(command.name)) return;
    path_.push_back(step_name(command));
    for (const LocatedText& input : command.inputs) {
      const auto table = parse_table_name(*input);
      if (!table) continue;
      const auto made_by = makers_.find(*table);
      if (made_by != makers_.end() && made_by->second == &command) continue;  // it is reported already
      const std::string needed = made_by == makers_.end() ? to_string(*table) : step_name(*made_by->second);
      if (is_on_path(needed))
        report_cycle(needed, input.position);
      else if (made_by != makers_.end())
        visit_command(*made_by->second);
      else
        visit(*table);
    }
    for (const LocatedText& name : command.after) {
      const auto found = project_.commands.find(*name);
      if (found == project_.commands.end() || *name == command.name) continue;  // it is reported already
      if (is_on_path(step_name(found->second)))
        report_cycle(step_name(found->second), name.position);
      else
        visit_command(found->second);
    }
    path_.pop_back();
    if (!visited_commands_.insert(command.name).second) return;
    result_.command_order.push_back(command.name);
    for (const CommandOutput& output : command.outputs) result_.order.push_back(output.table);
  }

  static std::string step_name(const CommandConfig& command) { return "command:" + command.name; }
  bool is_on_path(const std::string& name) const { return std::ranges::find(path_, name) != path_.end(); }

  void declare(const TableName& table, std::vector<Column> columns) {
    if (!columns.empty()) shadow_.declare_table(table, columns);
    result_.columns[table] = std::move(columns);
  }

  // Depth first: inputs before readers, and a table that is met again on its own path is a cycle.
  void visit(const TableName& table) {
    if (visited_.contains(table)) return;
    const auto found = result_.models.find(table);
    if (found == result_.models.end()) return;  // it didn't parse: reported already
    path_.push_back(to_string(table));
    bool is_bindable = true;
    for (const TableReference& reference : found->second.query.references) {
      if (is_on_path(to_string(reference.table))) {
        report_cycle(to_string(reference.table), position(found->second, reference));
        is_bindable = false;
      } else {
        is_bindable = visit_input(found->second, reference) && is_bindable;
      }
    }
    path_.pop_back();
    visited_.insert(table);
    result_.order.push_back(table);
    result_.columns[table];
    if (is_bindable) bind(found->second);
  }

  // Whether the input's columns are known.
  bool visit_input(const AnalysedModel& reader, const TableReference& reference) {
    const TableName& input = reference.table;
    if (project_.models.contains(input)) {
      visit(input);
    } else if (const auto made_by = makers_.find(input); made_by != makers_.end()) {
      if (is_on_path(step_name(*made_by->second))) {
        report_cycle(step_name(*made_by->second), position(reader, reference));
        return false;
      }
      visit_command(*made_by->second);
      require_columns(*made_by->second, input);
    } else if (const auto base = rejected_of(input); base && makes(*base)) {
      if (is_on_path(to_string(*base))) {
        report_cycle(to_string(*base), position(reader, reference));
        return false;
      }
      visit(*base);
      declare(input, rejected_columns());
    } else if (!visited_.contains(input)) {
      const auto outside = entries_.find(input);
      if (outside == entries_.end()) {
        report_unknown(reader, reference);
        return false;
      }
      visited_.insert(input);
      declare(input, outside->second->columns);
    }
    const auto columns = result_.columns.find(input);
    return columns != result_.columns.end() && !columns->second.empty();
  }

  // Of a command's output that a model reads; said once.
  void require_columns(const CommandConfig& command, const TableName& table) {
    if (!result_.columns[table].empty() || !columnless_.insert(table).second) return;
    const auto output = std::ranges::find(command.outputs, table, &CommandOutput::table);
    result_.problems.push_back(
        Error(ErrorKind::Project, fmt::format("the columns of `{}`, which models read, aren't known before `command:{}` has "
                                              "written it",
                                              to_string(table), command.name))
            .at(output->position)
            .hint(fmt::format("name them here, such as `{}: {{ columns: {{ id: BIGINT, name: VARCHAR }} }}`, or run the command "
                              "before there are models that read it",
                              to_string(table))));
  }

  bool makes(const TableName& table) const {
    return project_.models.contains(table) || result_.raw_fingerprints.contains(table);
  }

  void bind(AnalysedModel& analysed) {
    const Model& model = *analysed.model;
    collect([&] {
      analysed.selected = shadow_.bind(model.sql, model.file);
      analysed.columns = table_columns(model, analysed.selected);
      declare(model.table, analysed.columns);
      check_columns(model, analysed.columns);
      check_append(analysed);
      check_interval_model(analysed, result_.columns);
    });
  }

  std::vector<Column> table_columns(const Model& model, std::span<const Column> selected) {
    if (model.materialized != Materialization::Scd2) return {selected.begin(), selected.end()};
    HistoryShape shape = history_shape(model, selected);
    is_gapless_[model.table] = !shape.may_end();
    return std::move(shape.columns);
  }

  void check_columns(const Model& model, std::span<const Column> columns) {
    std::vector<std::string> names;
    for (const Column& column : columns) names.push_back(column.name);
    for (const LocatedText& key : model.key) {
      if (std::ranges::find(names, *key) == names.end())
        throw Error(ErrorKind::Project, fmt::format("no column `{}` in `{}`", *key, to_string(model.table)))
            .at(key.position)
            .hint(text::did_you_mean(*key, names, fmt::format("its columns are {}", fmt::join(names, ", "))));
    }
  }

  // `$since` is one instant, and each raw table is read up to its own: between the two an append would write rows
  // twice.
  void check_append(const AnalysedModel& analysed) const {
    const Model& model = *analysed.model;
    if (model.materialized != Materialization::Append) return;
    if (std::ranges::find(analysed.query.parameters, "since") == analysed.query.parameters.end()) return;
    const auto raw = std::ranges::count_if(
        analysed.reads, [&](const TableName& input) { return result_.raw_fingerprints.contains(input); });
    if (raw > 1)
      throw Error(ErrorKind::Project, fmt::format("`{}` appends what is new since `$since` from {} raw tables",
                                                  to_string(model.table), raw))
          .at(model.position)
          .hint("append from one of them, or make it `materialized: incremental` with a key");
  }

  Position position(const AnalysedModel& reader, const TableReference& reference) const {
    const auto place = text::line_column(reader.model->sql, reference.offset);
    return {reader.model->file, place.line, place.column};
  }

  void report_unknown(const AnalysedModel& reader, const TableReference& reference) {
    std::vector<std::string> names;
    for (const auto& [table, model] : project_.models) names.push_back(to_string(table));
    for (const auto& [table, print] : result_.raw_fingerprints) names.push_back(to_string(table));
    for (const auto& [table, command] : makers_) names.push_back(to_string(table));
    for (const auto& [table, entry] : entries_) names.push_back(to_string(table));
    const std::string name = to_string(reference.table);
    if (const auto there = project_.database_models.find(reference.table); there != project_.database_models.end()) {
      result_.problems.push_back(
          Error(ErrorKind::Project,
                fmt::format("`{}` is made in the database `{}`, and models of the lake can't read it there", name,
                            *there->second.database->in.value()))
              .at(position(reader, reference))
              .hint("load it by a source from that connection, and read the raw table"));
      return;
    }
    result_.problems.push_back(
        Error(ErrorKind::Project, fmt::format("no table `{}`", name))
            .at(position(reader, reference))
            .hint(text::did_you_mean(name, names, "no source, model, command or table of the lake has this name")));
  }

  void report_cycle(const std::string& met_again, const Position& position) {
    std::string text;
    bool has_command = false;
    for (auto at = std::ranges::find(path_, met_again); at != path_.end(); ++at) {
      // The path runs from reader to input, so each table reads the next.
      has_command = has_command || at->starts_with("command:");
      text += *at + (at->starts_with("command:") ? " needs " : " reads ");
    }
    result_.problems.push_back(Error(ErrorKind::Project, fmt::format("a cycle: {}{}", text, met_again))
                                   .at(position)
                                   .hint(has_command ? "one of these must do without the next"
                                                     : "one of these models must read something else"));
  }

  // A check that every table with history has, known where it ends whether keys may.
  void add_own_checks() {
    for (const auto& [table, analysed] : result_.models) {
      if (analysed.model->materialized != Materialization::Scd2 || analysed.model->key.empty()) continue;
      const auto found = is_gapless_.find(table);
      result_.own_checks.push_back(history_check(*analysed.model, found != is_gapless_.end() && found->second));
      result_.checks[table].push_back({&result_.own_checks.back(), {}});
    }
  }

  void analyse_checks() {
    add_own_checks();
    for (const auto& [table, checks] : project_.checks) {
      const auto columns = result_.columns.find(table);
      for (const CheckConfig& config : checks) {
        AnalysedCheck analysed{&config, {}};
        try {
          const std::string sql = make_check(config)->select_failing(table);
          require_sound_pattern(config);
          for (const TableReference& reference : shadow_.parse(sql, config.position.file).references)
            if (reference.table != table) analysed.reads.push_back(reference.table);
          if (columns != result_.columns.end() && !columns->second.empty() && all_known(analysed.reads))
            shadow_.bind(sql, config.position.file);
          if (config.on_fail == OnFail::Quarantine) analysed.rule = row_rule(config, !analysed.reads.empty());
        } catch (const Error& error) {
          result_.problems.push_back(error.position() == config.position || config.kind == "sql"
                                         ? error
                                         : Error(error.kind(), error.message()).at(config.position).hint(error.hint()));
        }
        result_.checks[table].push_back(std::move(analysed));
      }
    }
  }

  // Even where the table's columns aren't known yet.
  void require_sound_pattern(const CheckConfig& config) {
    if (config.kind != "pattern") return;
    try {
      shadow_.bind(fmt::format("select regexp_full_match('', {})", sql::literal(config.pattern)), config.position.file);
    } catch (const Error& error) {
      throw Error(ErrorKind::Project, fmt::format("`{}` is no regular expression: {}", config.pattern, error.message()))
          .at(config.position)
          .hint("it is read as RE2 reads it, which has no look-ahead and no back references");
    }
  }

  bool all_known(std::span<const TableName> tables) const {
    return std::ranges::all_of(tables, [&](const TableName& table) {
      const auto found = result_.columns.find(table);
      // A table nobody declared is an error that the binder words; one that isn't known yet can't be bound against.
      return found == result_.columns.end() || !found->second.empty();
    });
  }

  const Project& project_;
  Shadow& shadow_;
  AnalysisOptions options_;
  Offerings offerings_;
  ColumnsToCome columns_to_come_{project_};
  std::map<TableName, const Entry*> entries_;
  std::set<TableName> visited_;
  std::map<TableName, const CommandConfig*> makers_;  // of outputs of commands
  std::set<std::string> visited_commands_;
  std::set<TableName> columnless_;  // outputs that were reported
  std::vector<std::string> path_;   // tables, and commands as `command:name`
  std::map<TableName, bool> is_gapless_;  // tables with history, of known columns
  Analysis result_;
};

}  // namespace

const AnalysedCommand* maker(const Analysis& analysis, const TableName& table) {
  for (const auto& [name, command] : analysis.commands)
    if (std::ranges::find(command.writes, table) != command.writes.end()) return &command;
  return nullptr;
}

ProjectProblems::ProjectProblems(std::vector<Error> problems)
    : Error(ErrorKind::Project,
            fmt::format("{}",
                        fmt::join(problems | std::views::transform([](const Error& problem) { return problem.what(); }),
                                  "\n"))),
      problems_(std::move(problems)) {}

Analysis analyse(const Project& project, std::span<const Entry> entries, Shadow& shadow, AnalysisOptions options) {
  return Analyser(project, entries, shadow, options).analyse();
}

}  // namespace lochan
