// `lochan migrate`: tables of one PostgreSQL connection, and all that belongs to them, brought to another.
#include "run/migrate.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/json_output.h"
#include "cli/run_progress.h"
#include "cli/run_report.h"
#include "run/lake.h"

namespace lochan {
namespace {

class MigrateCommand final : public Command {
 public:
  void add_options(Options& options) override {
    options.argument("FILE", file_, "JSON: a list of {name, schema_in, schema_out, depends_on}", true);
    options.text("--from", from_, "NAME", "the connection that has the tables");
    options.text("--to", to_, "NAME", "the connection that they come to");
    output_.add(options);
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    if (from_.empty() || to_.empty())
      throw Error(ErrorKind::Usage, fmt::format("`lochan migrate` needs `{}`", from_.empty() ? "--from" : "--to"))
          .hint("both name PostgreSQL connections of the project: --from old --to new");
    const Interrupt interrupt;
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    RunProgress progress(context, lake.home(), output_.is_json());
    const MigrateOutcome outcome = migrate_tables(lake, {.file = file_, .from = from_, .to = to_, .author = author()},
                                                  progress, interrupt.token());
    progress.finish();
    if (output_.is_json())
      print_document(context.terminal, document(outcome));
    else
      print(context.terminal, outcome);
    return exit_code(outcome.state);
  }

 private:
  static Document document(const MigrateOutcome& outcome) {
    Document steps = Document::array();
    for (const StepReport& step : outcome.steps) steps.push_back(to_document(step));
    return {{"run", outcome.run},        {"state", std::string(to_string(outcome.state))},
            {"rows", outcome.rows},      {"seconds", rounded_seconds(outcome.seconds)},
            {"steps", std::move(steps)}, {"left_out", outcome.left_out}};
  }

  void print(Terminal& terminal, const MigrateOutcome& outcome) const {
    std::int64_t brought = 0, tables = 0;
    for (const StepReport& step : outcome.steps) {
      if (step.kind == "migrate") ++tables;
      if (step.kind == "migrate" && step.state == StepState::Built) ++brought;
      if (step.state == StepState::Failed) terminal.print(fmt::format("{} failed: {}", step.name, step.error));
    }
    for (const std::string& text : outcome.left_out) terminal.note(fmt::format("left out: {}", text));
    const std::string where =
        fmt::format("from `{}` to `{}` (run {}, {})", from_, to_, outcome.run, text::human_seconds(outcome.seconds));
    if (outcome.state == RunState::Succeeded && brought == 0)
      terminal.print(
          fmt::format("nothing to migrate: all {} are there, row for row, {}", text::plural(tables, "table"), where));
    else if (outcome.state == RunState::Succeeded)
      terminal.print(fmt::format("migrated {}, {}, {}: counts and checksums are equal", text::plural(brought, "table"),
                                 text::plural(outcome.rows, "row"), where));
    else
      terminal.print(fmt::format("{} after {} of {} {}; call it again to go on",
                                 outcome.state == RunState::Cancelled ? "cancelled" : "stopped", brought,
                                 text::plural(tables, "table"), where));
  }

  std::string file_, from_, to_;
  OutputOption output_;
};

}  // namespace

CommandKind migrate_command() {
  return {.name = "migrate",
          .group = "this program",
          .summary = "bring tables of a PostgreSQL connection to another, with all that belongs to them",
          .more =
              "What is missing at the target is made first: schemas, types, functions, sequences, tables. Then the "
              "tables are\n"
              "brought one after the other, those that others depend on first, each in one transaction: an error "
              "leaves it empty\n"
              "and stops. At the end counts and checksums are compared; foreign keys, triggers and views come, and "
              "sequences go\n"
              "on where the source's are. Called again it goes on where it stopped. docs/migrate.md tells the rest.",
          .examples = {{"migrate tables.json --from old --to new", "all tables of the file"},
                       {"history --run 42", "what became of each of them"}},
          .make = make_command<MigrateCommand>};
}

}  // namespace lochan
