// `lochan show`: the tables of the lake and their state, or everything about one.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/reference.h"
#include "cli/table_report.h"
#include "cli/text_table.h"
#include "model/postgres_sql.h"
#include "plan/ddl.h"
#include "run/lake.h"
#include "run/query.h"
#include "run/run.h"

namespace lochan {
namespace {

class ShowCommand final : public Command {
 public:
  void add_options(Options& options) override {
    options.argument("TABLE", table_, "layer.name; without it, all tables are listed", false);
    options.flag("--sql", sql_, "only the model's SQL, as it will run");
    options.flag("--ddl", ddl_,
                 "the schema as SQL, or as a diagram with `--output mermaid`: of the lake, of sinks' targets, of "
                 "models in databases");
    reference_.add(options);
    options.choice("-o,--output", output_, {"text", "json", "mermaid"}, "for people or for programs");
  }
  bool wants_json() const override { return output_ == "json"; }

  int run(Context& context) override {
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    if (table_.empty() && sql_)
      throw Error(ErrorKind::Usage, "`--sql` needs a table").hint("lochan show mart.sales_by_day --sql");
    if (output_ == "mermaid" && !ddl_)
      throw Error(ErrorKind::Usage, "`--output mermaid` draws the schema")
          .hint("lochan show --ddl --output mermaid; the data flow: lochan lineage --output mermaid");
    if (ddl_ && (sql_ || output_ == "json"))
      throw Error(ErrorKind::Usage, "`--ddl` is SQL or a diagram").hint("lochan show --ddl");
    const TableReports reports(lake, reference_.ref(lake.catalog()));
    if (ddl_) {
      const auto only = table_.empty() ? std::nullopt : std::optional(reports.find(table_));
      context.terminal.print(text::trim(output_ == "mermaid"
                                            ? entity_diagram(project, reports.analysis(), reports.entries(), only)
                                            : ddl(project, reports.analysis(), reports.entries(), only)));
      return kExitDone;
    }
    if (table_.empty()) return list(context.terminal, reports);
    const TableName table = reports.find(table_);
    if (sql_) return print_sql(context.terminal, lake, table);
    const TableReport report = reports.read(lake, table);
    if (output_ == "json")
      print_document(context.terminal, to_document(report));
    else
      context.terminal.print(render(context.terminal, report));
    return kExitDone;
  }

 private:
  int list(Terminal& terminal, const TableReports& reports) const {
    Document documents = Document::array();
    std::vector<std::vector<std::string>> lines = {{"table", "kind", "publication", "state", "why"}};
    for (const TableSummary& summary : reports.summaries()) {
      documents.push_back(to_document(summary));
      lines.push_back({to_string(summary.table), summary.kind,
                       summary.publication == 0 ? "" : std::to_string(summary.publication), summary.state,
                       summary.reason});
    }
    Document sinks = Document::array();
    for (const PlannedSink& sink : reports.sinks()) {
      sinks.push_back(to_document(sink));
      lines.push_back({"sink:" + sink.name, "sink", "", std::string(to_string(sink.state)), sink.reason});
    }
    Document commands = Document::array();
    for (const PlannedCommand& command : reports.commands()) {
      commands.push_back(to_document(command));
      lines.push_back({"command:" + command.name, "command", "", std::string(to_string(command.state)), command.reason});
    }
    Document document = {{"tables", std::move(documents)}};
    if (!sinks.empty()) document["sinks"] = std::move(sinks);
    if (!commands.empty()) document["commands"] = std::move(commands);
    if (output_ == "json")
      print_document(terminal, std::move(document));
    else
      terminal.print(lines.size() == 1 ? "no tables: add a file to sources/ or models/" : align(lines));
    return kExitDone;
  }

  int print_sql(Terminal& terminal, Lake& lake, const TableName& table) const {
    const auto model = lake.project().models.find(table);
    if (const auto there = lake.project().database_models.find(table); there != lake.project().database_models.end()) {
      if (there->second.sql.empty())
        throw Error(ErrorKind::Usage, fmt::format("`{}` was made in its database by others", to_string(table)))
            .hint("its SQL is there: `\\d+` in psql");
      terminal.print(text::trim(
          postgres_sql(lake.project(), there->second, {.since = {}, .run_at = to_string(lake.clock().now())})));
      return kExitDone;
    }
    if (model == lake.project().models.end())
      throw Error(ErrorKind::Usage, fmt::format("`{}` is not made by a model of this project", to_string(table)))
          .hint("only models have SQL");
    LakeReader reader(lake, reference_.ref(lake.catalog()));
    terminal.print(text::trim(reader.resolve(model->second.sql)));
    return kExitDone;
  }

  std::string table_;
  bool sql_ = false;
  ReferenceOption reference_;
  bool ddl_ = false;
  std::string output_ = "text";
};

}  // namespace

CommandKind show_command() {
  return {.name = "show",
          .group = "the lake",
          .summary = "list the tables and their state, or tell all about one",
          .more = "",
          .examples = {{"show", "all tables"},
                       {"show mart.sales_by_day", "columns, what it is made from, state, size, checks"},
                       {"show mart.sales_by_day --sql", "its SQL, with names put in place"},
                       {"show --ddl", "the schema of all tables, as SQL"},
                       {"show mart.sales_by_day --at 17", "as it was at publication 17"}},
          .make = make_command<ShowCommand>};
}

}  // namespace lochan
