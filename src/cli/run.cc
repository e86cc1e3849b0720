// `lochan run`, which dbt's users also call `build`: brings stale tables up to date, audits and publishes them.
#include "run/run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/json_output.h"
#include "cli/run_progress.h"
#include "cli/run_report.h"
#include "run/lake.h"
#include "run/planning.h"
#include "run/run_queue.h"

namespace lochan {
namespace {

class RunCommand : public Command {
 public:
  explicit RunCommand(std::string name = "run") : name_(std::move(name)) {}

  void add_options(Options& options) override {
    selection_.add(options);
    options.flag("--full-refresh", full_refresh_, "as if the models' tables were not there");
    options.text("--branch", branch_, "BRANCH", "publish to this branch, not to main");
    options.flag("--no-wait", no_wait_, "fail at once when another run is writing the same tables");
    options.text("--tick", tick_, "SCHEDULE@TIME", "it is the run of this tick: what `lochan serve` gives to those it starts");
    options.flag("--queue", queue_, "leave it to `lochan work`, and answer with its number at once");
    options.text("--queued", queued_, "RUN:START",
                 "it is this queued run: what `lochan work` gives to those it starts");
    output_.add(options);
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const Interrupt interrupt;
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    if (queue_) return add_to_queue(context.terminal, lake);
    const RunRequest request =
        queued_.empty() ? make_request() : RunQueue(lake.state()).request(parse_queued_start(queued_));
    RunProgress progress(context, lake.home(), output_.is_json());
    const RunOutcome outcome = lochan::run(lake, request, progress, interrupt.token());
    progress.finish();
    if (output_.is_json())
      print_document(context.terminal, to_document(outcome));
    else
      print_outcome(context.terminal, outcome, request);
    return exit_code(outcome.state);
  }

 private:
  RunRequest make_request() const {
    RunRequest request;
    request.select = selection_.select;
    request.exclude = selection_.exclude;
    request.full_refresh = full_refresh_;
    request.target = branch_;
    request.command = name_;
    request.author = author();
    if (!tick_.empty()) {
      request.tick = parse_tick(tick_);
      request.author = "schedule " + request.tick->schedule;
    }
    request.wait = !no_wait_;
    return request;
  }

  int add_to_queue(Terminal& terminal, Lake& lake) const {
    if (!tick_.empty() || !queued_.empty() || no_wait_)
      throw Error(ErrorKind::Usage, "`--queue` goes without `--tick`, `--queued` and `--no-wait`");
    const RunRequest request = make_request();
    refuse_wrong_request(lake, request);
    const std::int64_t run =
        RunQueue(lake.state()).add(request, fmt::format("{}", fmt::join(request.select, " ")), lake.clock().now());
    if (output_.is_json())
      print_document(terminal, {{"run", run}, {"state", "queued"}});
    else
      terminal.print(fmt::format(
          "run {} is queued\n  `lochan work` executes it; `lochan history --run {}` tells how it goes", run, run));
    return kExitDone;
  }

  std::string name_;
  SelectOption selection_;
  OutputOption output_;
  std::string branch_ = "main";
  std::string tick_;
  bool full_refresh_ = false;
  bool no_wait_ = false;
  bool queue_ = false;
  std::string queued_;
};

class BuildCommand final : public RunCommand {
 public:
  BuildCommand() : RunCommand("build") {}
};

constexpr std::string_view kMore =
    "A run loads what is new at the sources, builds what is stale, audits it on a branch of its own, and publishes it "
    "all\n"
    "at once. A table whose check fails is held back, with what is made from it; main keeps the last good "
    "publication.\n"
    "Then sinks carry out what main has; one that fails catches up in the next run.\n"
    "Exit code 1 when something failed or was held back, 130 when interrupted (Ctrl-C: nothing is published).\n"
    "`run` and `build` are the same command: audits always belong to the run.";

}  // namespace

CommandKind run_command() {
  return {.name = "run",
          .group = "runs",
          .summary = "bring what is stale up to date, audit it, publish it at once",
          .more = kMore,
          .examples = {{"run", "everything that is stale"},
                       {"run --select source:shop+", "one source and all that is made from it"},
                       {"run --select +mart.sales_by_day --exclude tag:slow", "a table with its inputs, without some"},
                       {"run --select sink:dwh", "one sink, with what was published and it doesn't have yet"},
                       {"run --full-refresh --select staging.sale", "build it anew"},
                       {"run --branch dev-anna", "into a branch that only you look at"},
                       {"run --queue", "by a worker, on whatever host: see `lochan work`"}},
          .make = make_command<RunCommand>};
}

CommandKind build_command() {
  return {
      .name = "build",
      .group = "runs",
      .summary = "the same as `run`",
      .more = kMore,
      .examples = {{"build", "everything that is stale"}, {"build --select state:modified+", "what your edits change"}},
      .make = make_command<BuildCommand>};
}

}  // namespace lochan
