// `lochan trace`: from a row back to the rows it was made from, down to what sources brought.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/sql.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/reference.h"
#include "cli/text_table.h"
#include "lineage/origins.h"
#include "plan/analysis.h"
#include "project/database_model.h"
#include "run/lake.h"
#include "run/query.h"

namespace lochan {
namespace {

constexpr std::size_t kMostSteps = 50;  // a table may be reached on many ways
constexpr std::size_t kCellWidth = 40;

/// A table on the way back, and which of its rows.
struct TraceStep {
  TableName table;
  TableName reader;  // whose rows are made from these; of the first: none
  std::size_t depth = 0;
  std::vector<std::string> by;  // "day(i.sold_at) = day", for people
  std::string lost;             // why its rows can't be told; ""
  bool is_grouped = false;
  std::int64_t rows = 0;
  Rows sample;
  std::string select;
};

class Tracer {
 public:
  Tracer(const Analysis& analysis, LakeReader& reader, std::int64_t limit)
      : analysis_(analysis), reader_(reader), limit_(limit) {
    for (const auto& row :
         reader_.session()
             .query("select distinct lower(function_name) from duckdb_functions() where function_type = 'aggregate'")
             .rows)
      context_.aggregates.insert(row[0].value_or(""));
    context_.columns = [this](const TableName& table) { return columns_of(table); };
  }

  std::vector<TraceStep> trace(const TableName& table, const std::string& condition, std::vector<std::string> by) {
    TraceStep first;
    first.table = table;
    first.by = std::move(by);
    first.select = fmt::format("select * from {} where {}", quoted(table), condition);
    fetch(first);
    steps_.push_back(first);
    if (first.rows > 0) follow(first);
    return std::move(steps_);
  }

  std::vector<std::string> columns_of(const TableName& table) const {
    std::vector<std::string> names;
    if (const auto found = analysis_.columns.find(table); found != analysis_.columns.end())
      for (const Column& column : found->second) names.push_back(column.name);
    return names;
  }

 private:
  std::string ask(const std::string& sql) { return reader_.resolve(sql); }

  void fetch(TraceStep& step) {
    step.rows = reader_.session().query(ask(fmt::format("select count(*) from ({})", step.select))).integer();
    // What tells where a row came from is seen first.
    const std::vector<std::string> columns = columns_of(step.table);
    std::vector<std::string> ordered;
    for (const std::string name : {"_source", "_loaded_at", "_run"})
      if (std::ranges::find(columns, name) != columns.end()) ordered.push_back(name);
    for (const std::string& name : columns)
      if (std::ranges::find(ordered, name) == ordered.end()) ordered.push_back(name);
    const std::string list = ordered.empty() ? "*" : sql::identifiers(ordered);
    step.sample = reader_.session().query(
        ask(fmt::format("select {} from ({}) order by all limit {}", list, step.select, limit_)));
  }

  std::string expression(const std::string& tree) {
    const std::string text = reader_.session()
                                 .query(fmt::format("select json_deserialize_sql({})", sql::literal(as_query(tree))))
                                 .rows.at(0)
                                 .at(0)
                                 .value_or("");
    return text.starts_with("SELECT ") ? text.substr(7) : text;
  }

  void follow(const TraceStep& step) {
    const auto model = analysis_.models.find(step.table);
    if (model == analysis_.models.end()) return follow_others(step);
    const Origins origins = read_origins(model->second.query.canonical, context_);
    std::vector<std::optional<TraceStep>> found(origins.inputs.size());
    for (std::size_t i = 0; i < origins.inputs.size(); ++i) found[i] = match(step, origins, i);
    // Those that give no column are found by what they are joined to.
    for (bool grows = true; grows;) {
      grows = false;
      for (std::size_t i = 0; i < found.size(); ++i)
        if (!found[i] && (found[i] = join(step, origins, i, found))) grows = true;
    }
    for (std::size_t i = 0; i < found.size(); ++i) add(step, origins, origins.inputs[i].table, found[i]);
    if (!origins.unknown.empty()) add_lost(step, step.table, fmt::format("{} can't be followed", origins.unknown));
  }

  void follow_others(const TraceStep& step) {
    if (const AnalysedCommand* command = maker(analysis_, step.table))
      for (const TableName& input : command->reads)
        add_lost(step, input,
                 fmt::format("command:{} made it, and what it does inside isn't known", command->config->name));
  }

  TraceStep next(const TraceStep& step, const Origins& origins, std::size_t input) const {
    TraceStep found;
    found.table = origins.inputs[input].table;
    found.reader = step.table;
    found.depth = step.depth + 1;
    found.is_grouped = origins.is_grouped;
    return found;
  }

  std::optional<TraceStep> match(const TraceStep& step, const Origins& origins, std::size_t input) {
    const std::vector<std::string> columns = columns_of(step.table);
    TraceStep found = next(step, origins, input);
    std::vector<std::string> conditions;
    for (const OriginInput::Match& match : origins.inputs[input].matches) {
      if (std::ranges::find(columns, match.column) == columns.end()) continue;
      const std::string text = expression(match.tree);
      conditions.push_back(fmt::format("{} is not distinct from t.{}", text, sql::identifier(match.column)));
      found.by.push_back(shown(text, match.column));
    }
    if (conditions.empty()) return std::nullopt;
    found.select = fmt::format("select i.* from {} as i where exists (select 1 from ({}) as t where {})",
                               quoted(found.table), step.select, fmt::join(conditions, " and "));
    return found;
  }

  // "day = day" says no more than "day".
  static std::string shown(std::string text, const std::string& column) {
    for (const std::string mark : {"i.\"", "i."})
      if (text.starts_with(mark)) {
        std::string name = text.substr(mark.size());
        if (name.ends_with('"')) name.pop_back();
        if (name == column) return name;
      }
    return fmt::format("{} = {}", text, column);
  }

  std::optional<TraceStep> join(const TraceStep& step, const Origins& origins, std::size_t input,
                                const std::vector<std::optional<TraceStep>>& known) {
    TraceStep found = next(step, origins, input);
    std::map<std::size_t, std::vector<std::string>> conditions;
    for (const OriginInput::Link& link : origins.inputs[input].links)
      if (known[link.input])
        conditions[link.input].push_back(fmt::format("{} = {}", expression(link.own), expression(link.other)));
    if (conditions.empty()) return std::nullopt;
    std::vector<std::string> exists;
    for (const auto& [other, equal] : conditions) {
      exists.push_back(
          fmt::format("exists (select 1 from ({}) as p where {})", known[other]->select, fmt::join(equal, " and ")));
      found.by.push_back(fmt::format("joined to {}", to_string(origins.inputs[other].table)));
    }
    found.select = fmt::format("select i.* from {} as i where {}", quoted(found.table), fmt::join(exists, " and "));
    return found;
  }

  void add(const TraceStep& step, const Origins& origins, const TableName& table, std::optional<TraceStep>& found) {
    if (!found)
      return add_lost(step, table,
                      origins.is_grouped
                          ? "no column of it comes through the grouping as it is: any of its rows may be behind"
                          : "no column of it comes through as it is: any of its rows may be behind");
    if (steps_.size() >= kMostSteps) return;
    fetch(*found);
    steps_.push_back(*found);
    if (found->rows > 0) follow(*found);
  }

  void add_lost(const TraceStep& step, const TableName& table, std::string why) {
    TraceStep lost;
    lost.table = table;
    lost.reader = step.table;
    lost.depth = step.depth + 1;
    lost.lost = std::move(why);
    if (steps_.size() < kMostSteps) steps_.push_back(std::move(lost));
  }

  const Analysis& analysis_;
  LakeReader& reader_;
  const std::int64_t limit_;
  OriginContext context_;
  std::vector<TraceStep> steps_;
};

class TraceCommand final : public Command {
 public:
  void add_options(Options& options) override {
    options.argument("TABLE", table_, "layer.name", true);
    options.texts("--key", keys_, "COLUMN=VALUE", "which row: a column and its value; several name it together");
    options.number("--limit", limit_, "N", "rows shown of each table (5)");
    reference_.add(options);
    output_.add(options);
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    const std::string ref = reference_.ref(lake.catalog());
    LakeReader reader(lake, ref);
    const std::vector<Entry> entries = lake.catalog().entries(reader.ref());
    Shadow shadow;
    Analysis analysis = analyse(project, entries, shadow, {.discover = false, .databases = false});
    if (!analysis.problems.empty()) throw ProjectProblems(std::move(analysis.problems));
    const TableName table = find(project, entries);
    Tracer tracer(analysis, reader, limit_.value_or(5));
    const auto [condition, by] = read_keys(tracer.columns_of(table), table);
    const std::vector<TraceStep> steps = tracer.trace(table, condition, by);
    if (output_.is_json())
      print_document(context.terminal, to_document(steps));
    else
      print(context.terminal, steps);
    return steps.front().rows > 0 ? kExitDone : kExitFailed;
  }

 private:
  TableName find(const Project& project, const std::vector<Entry>& entries) const {
    const auto wanted = parse_table_name(table_);
    if (wanted && project.database_models.contains(*wanted))
      throw Error(ErrorKind::Usage, fmt::format("`{}` is made in the database `{}`, where the lake doesn't look",
                                                table_, *project.database_models.at(*wanted).database->in.value()))
          .hint("trace the table of the lake that it reads: `lochan lineage " + table_ + "` shows them");
    std::vector<std::string> names;
    for (const Entry& entry : entries) {
      if (wanted && entry.table == *wanted) return *wanted;
      names.push_back(to_string(entry.table));
    }
    throw Error(ErrorKind::Usage, fmt::format("no table `{}` in the lake", table_))
        .hint(text::did_you_mean(table_, names, "`lochan show` lists the tables"));
  }

  std::pair<std::string, std::vector<std::string>> read_keys(const std::vector<std::string>& columns,
                                                             const TableName& table) const {
    if (keys_.empty())
      throw Error(ErrorKind::Usage, "`--key` is missing: which row?")
          .hint(fmt::format("lochan trace {} --key id=5", table_));
    std::vector<std::string> conditions, by;
    for (const std::string& key : keys_) {
      const auto equals = key.find('=');
      if (equals == std::string::npos || equals == 0)
        throw Error(ErrorKind::Usage, fmt::format("`--key {}` is no column with a value", key))
            .hint("write it as `--key id=5`");
      const std::string column = key.substr(0, equals);
      if (std::ranges::find(columns, column) == columns.end())
        throw Error(ErrorKind::Usage, fmt::format("no column `{}` in `{}`", column, to_string(table)))
            .hint(text::did_you_mean(column, columns, fmt::format("its columns are {}", fmt::join(columns, ", "))));
      conditions.push_back(fmt::format("{} = {}", sql::identifier(column), sql::literal(key.substr(equals + 1))));
      by.push_back(key);
    }
    return {fmt::format("{}", fmt::join(conditions, " and ")), by};
  }

  // Inputs that gave nothing for the row (the other half of a union, what an outer join didn't find) share a line.
  static void print(Terminal& terminal, const std::vector<TraceStep>& steps) {
    std::map<std::size_t, const TraceStep*, std::greater<>> empty;  // by depth: the first of its reader
    std::map<std::size_t, std::vector<std::string>> names;
    const auto tell_deeper_than = [&](std::size_t depth) {
      while (!empty.empty() && empty.begin()->first > depth) {
        const auto [at, first] = *empty.begin();
        terminal.print(fmt::format("{}nothing of {} behind {}", std::string(at * 2, ' '), fmt::join(names[at], ", "),
                                   to_string(first->reader)));
        names.erase(at);
        empty.erase(empty.begin());
      }
    };
    for (const TraceStep& step : steps) {
      tell_deeper_than(step.depth);
      if (step.depth == 0 || step.rows > 0 || !step.lost.empty()) {
        print(terminal, step);
        continue;
      }
      empty.emplace(step.depth, &step);
      std::vector<std::string>& known = names[step.depth];
      if (std::string name = to_string(step.table); std::ranges::find(known, name) == known.end())
        known.push_back(std::move(name));
    }
    tell_deeper_than(0);
  }

  static void print(Terminal& terminal, const TraceStep& step) {
    const std::string indent(step.depth * 2, ' ');
    const std::string name = terminal.paint(Color::Bold, to_string(step.table));
    const std::string from = step.reader.name.empty() ? "" : fmt::format(" behind {}", to_string(step.reader));
    if (!step.lost.empty()) return terminal.print(fmt::format("{}{}{}: {}", indent, name, from, step.lost));
    terminal.print(fmt::format("{}{}{}: {}{}, by {}", indent, name, from, text::plural(step.rows, "row"),
                               step.is_grouped && step.depth > 0 ? " of its group" : "", fmt::join(step.by, ", ")));
    if (step.sample.empty()) return;
    terminal.write(render_rows(step.sample, kCellWidth, indent + "  "));
    const auto shown = static_cast<std::int64_t>(step.sample.rows.size());
    if (shown < step.rows) terminal.print(fmt::format("{}  … and {} more", indent, step.rows - shown));
  }

  static Document to_document(const std::vector<TraceStep>& steps) {
    Document list = Document::array();
    for (const TraceStep& step : steps) {
      Document rows = Document::array();
      for (const auto& row : step.sample.rows) {
        Document document = Document::object();
        for (std::size_t i = 0; i < row.size(); ++i)
          document[step.sample.columns[i].name] = row[i] ? Document(*row[i]) : Document();
        rows.push_back(std::move(document));
      }
      list.push_back({{"table", to_string(step.table)},
                      {"reader", step.reader.name.empty() ? Document() : Document(to_string(step.reader))},
                      {"by", step.by},
                      {"grouped", step.is_grouped},
                      {"lost", step.lost.empty() ? Document() : Document(step.lost)},
                      {"rows", step.rows},
                      {"sample", std::move(rows)}});
    }
    return {{"steps", std::move(list)}};
  }

  std::string table_;
  std::vector<std::string> keys_;
  std::optional<std::int64_t> limit_;
  ReferenceOption reference_;
  OutputOption output_;
};

}  // namespace

CommandKind trace_command() {
  return {.name = "trace",
          .group = "the lake",
          .summary = "show the rows that a row was made from, down to what sources brought",
          .more =
              "By the models' SQL: a column that comes through as it is, or is computed of one row, leads back; where "
              "a model groups, all rows "
              "of the\n"
              "group are behind; tables without such a column are found by what they are joined to. Where neither "
              "helps, it says so.\n"
              "Exit code 1 when there is no such row.",
          .examples = {{"trace mart.sales_by_day --key day=2026-01-02", "the rows of its day, in staging and in raw"},
                       {"trace staging.sale --key id=5 --key _source=branch_1", "a key of two columns"},
                       {"trace mart.customer --key id=5 --at 17", "as the lake was at publication 17"}},
          .make = make_command<TraceCommand>};
}

}  // namespace lochan
