// `lochan discard`: drops a branch, a run's mostly, that nobody needs to look at any more.
#include <fmt/format.h>

#include "cli/branches.h"
#include "cli/commands.h"
#include "run/lake.h"

namespace lochan {
namespace {

class DiscardCommand final : public Command {
 public:
  void add_options(Options& options) override { options.argument("BRANCH", branch_, "run-42, dev-anna, …", true); }

  int run(Context& context) override {
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    drop_branch(lake.catalog(), branch_);
    context.terminal.print(fmt::format("discarded {}: `lochan maintain` removes its files", branch_));
    return kExitDone;
  }

 private:
  std::string branch_;
};

}  // namespace

CommandKind discard_command() {
  return {.name = "discard",
          .group = "the lake",
          .summary = "drop a branch: what a run held back, say",
          .more =
              "Nothing on main changes. What a failed run held back is dropped by itself after "
              "`retention.failed_branches`.",
          .examples = {{"discard run-42", "what run 42 held back has been looked at"},
                       {"discard dev-anna", "the same as `lochan branch drop dev-anna`"}},
          .make = make_command<DiscardCommand>};
}

}  // namespace lochan
