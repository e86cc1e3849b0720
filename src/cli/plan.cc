// `lochan plan`: what a run would do and why, without doing it.
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/run_report.h"
#include "run/lake.h"
#include "run/run.h"

namespace lochan {
namespace {

class PlanCommand final : public Command {
 public:
  void add_options(Options& options) override {
    selection_.add(options);
    options.flag("--full-refresh", full_refresh_, "as if the models' tables were not there");
    options.text("--branch", branch_, "BRANCH", "for this branch, not for main");
    output_.add(options);
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    RunRequest request;
    request.select = selection_.select;
    request.exclude = selection_.exclude;
    request.full_refresh = full_refresh_;
    request.target = branch_;
    const Plan plan = plan_run(lake, request);
    if (output_.is_json())
      print_document(context.terminal, to_document(plan));
    else
      print_plan(context.terminal, plan);
    return kExitDone;
  }

 private:
  SelectOption selection_;
  OutputOption output_;
  std::string branch_ = "main";
  bool full_refresh_ = false;
};

}  // namespace

CommandKind plan_command() {
  return {.name = "plan",
          .group = "runs",
          .summary = "show what is stale, why, and in what order it would be built",
          .more =
              "`stale`: must be built. `depends`: its inputs may move in the run. `fresh`: nothing to do. `held`: kept "
              "as it is\n"
              "after a rollback, until its code changes or `lochan rollback --release`.",
          .examples = {{"plan", "everything"},
                       {"plan --select +mart.sales_by_day", "one table and all it is made from"},
                       {"plan --select state:modified+", "what your edits change"},
                       {"plan --output json", "for a program"}},
          .make = make_command<PlanCommand>};
}

}  // namespace lochan
