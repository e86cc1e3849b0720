// `lochan replay`: rejected records of a table are tried again by its present rules.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/json_output.h"
#include "cli/run_progress.h"
#include "cli/run_report.h"
#include "cli/text_table.h"
#include "project/rejected_name.h"
#include "run/replaying.h"

namespace lochan {
namespace {

Document to_document(const TableName& table, const ReplayCounts& counts) {
  Document checks = Document::object();
  for (const auto& [name, failing] : counts.by_check) checks[name] = failing;
  return {{"table", to_string(table)},
          {"records", counts.records},
          {"passing", counts.passing},
          {"superseded", counts.superseded},
          {"failing", counts.failing},
          {"unfit", counts.unfit},
          {"by_check", std::move(checks)}};
}

class ReplayCommand final : public Command {
 public:
  void add_options(Options& options) override {
    options.argument("TABLE", table_, "raw.sale, or an append or incremental model", true);
    options.text("--run", run_, "N", "only what run N refused");
    options.text("--check", check_, "NAME", "only what this check refused");
    options.flag("--dry-run", dry_run_, "only say how many would pass, and what the others would fail");
    options.text("--branch", branch_, "BRANCH", "publish to this branch, not to main");
    options.flag("--no-wait", no_wait_, "fail at once when another run is writing the table");
    output_.add(options);
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const Interrupt interrupt;
    const Project project = open_project(context);
    const TableName table = read_table(project);
    const RunRequest request = make_request(table);
    Lake lake(project, context.clock);
    if (dry_run_) return show(context.terminal, table, count_replay(lake, request));
    require_replayable(project, plan_run(lake, request));
    if (!lake.catalog().find(branch_, rejected_table(table))) return show(context.terminal, table, {});
    RunProgress progress(context, lake.home(), output_.is_json());
    const RunOutcome outcome = lochan::run(lake, request, progress, interrupt.token());
    progress.finish();
    if (output_.is_json())
      print_document(context.terminal, lochan::to_document(outcome));
    else
      print_end(context.terminal, table, outcome, request);
    return exit_code(outcome.state);
  }

 private:
  TableName read_table(const Project& project) const {
    auto table = parse_table_name(table_);
    if (table) table = rejected_of(*table).value_or(*table);
    bool is_there = table && project.models.contains(*table);
    for (const auto& [name, source] : project.sources)
      for (const SourceTable& other : source.tables) is_there = is_there || (table && other.table() == *table);
    if (!is_there)
      throw Error(ErrorKind::Usage, fmt::format("no table `{}` in the project", table_))
          .hint("`lochan show` lists the tables");
    return *table;
  }

  RunRequest make_request(const TableName& table) const {
    RunRequest request;
    request.select = {to_string(table)};
    request.target = branch_;
    request.command = "replay";
    request.author = author();
    request.wait = !no_wait_;
    request.replay = ReplayPart{std::nullopt, check_};
    if (run_.empty()) return request;
    const bool is_number = run_.find_first_not_of("0123456789") == std::string::npos && run_.size() < 19;
    if (!is_number)
      throw Error(ErrorKind::Usage, fmt::format("`--run` is `{}`, wanted the number of a run", run_))
          .hint("`lochan history --runs` lists them");
    request.replay->run = std::stoll(run_);
    return request;
  }

  int show(Terminal& terminal, const TableName& table, const ReplayCounts& counts) const {
    if (output_.is_json()) {
      print_document(terminal, to_document(table, counts));
      return kExitDone;
    }
    if (counts.records == 0) {
      print_nothing(terminal, table);
      return kExitDone;
    }
    terminal.print(fmt::format("replay of {}: {}", to_string(table), text::plural(counts.records, "open record")));
    std::vector<std::vector<std::string>> lines = {{"would", "records"}, {"pass", std::to_string(counts.passing)}};
    if (counts.superseded > 0) lines.push_back({"be superseded", std::to_string(counts.superseded)});
    for (const auto& [name, failing] : counts.by_check) lines.push_back({"fail " + name, std::to_string(failing)});
    if (counts.unfit > 0) lines.push_back({"not fit the table", std::to_string(counts.unfit)});
    terminal.print(align(lines));
    return kExitDone;
  }

  void print_nothing(Terminal& terminal, const TableName& table) const {
    const bool is_part = !run_.empty() || !check_.empty();
    terminal.print(terminal.paint(Color::Green, fmt::format("nothing to replay: {} has no open record{}",
                                                            to_string(rejected_table(table)), is_part ? " of these" : "")));
  }

  void print_end(Terminal& terminal, const TableName& table, const RunOutcome& outcome, const RunRequest& request) const {
    for (const StepReport& step : outcome.steps) {
      if (step.state != StepState::Built && step.state != StepState::Unchanged) continue;
      const std::int64_t rows_read = step.rows_read.value_or(0);
      if (rows_read == 0) return print_nothing(terminal, table);
      const std::int64_t superseded = rows_read - step.rows_written - step.rows_rejected;
      if (outcome.held_back.empty())
        terminal.print(fmt::format("replayed {} of {} of {}{}", step.rows_written,
                                   text::plural(rows_read, "open record"), to_string(table),
                                   superseded == 0 ? "" : fmt::format(", {} superseded", superseded)));
    }
    print_outcome(terminal, outcome, request);
  }

  std::string table_, run_, check_;
  std::string branch_ = "main";
  bool dry_run_ = false;
  bool no_wait_ = false;
  OutputOption output_;
};

}  // namespace

CommandKind replay_command() {
  return {.name = "replay",
          .group = "runs",
          .summary = "try a table's rejected records again",
          .more =
              "The open records of TABLE__rejected go through the checks as they are now. Those that pass enter the table in "
              "a run\n"
              "of its own: audited, and published with the log, which then says `replayed`. The others stay open. For raw "
              "tables,\n"
              "and models that are append or incremental by key; the others are made from their SQL by `lochan run`. What "
              "is made\n"
              "from the table follows with the next `lochan run`. Exit codes as of `run`.",
          .examples = {{"replay staging.sale --dry-run", "how many would pass by now"},
                       {"replay raw.sale", "after a check was corrected"},
                       {"replay raw.sale --run 42 --check range_amount", "only a part of them"}},
          .make = make_command<ReplayCommand>};
}

}  // namespace lochan
