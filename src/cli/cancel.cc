// `lochan cancel`: ends a run of whatever process, with nothing published.
#include "run/cancelling.h"

#include <fmt/format.h>

#include <thread>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "run/journal.h"
#include "run/lake.h"
#include "run/recovery.h"

namespace lochan {
namespace {

constexpr std::chrono::milliseconds kLookEvery{100};

class CancelCommand final : public Command {
 public:
  void add_options(Options& options) override {
    options.argument("RUN", run_, "its number, or `run-42`", true);
    options.flag("--wait", wait_, "until it has ended");
  }

  int run(Context& context) override {
    const Interrupt interrupt;
    const std::int64_t number = run_number();
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    const CancelOutcome outcome = cancel_run(lake.state(), number, author(), context.clock.now());
    switch (outcome.answer) {
      case CancelAnswer::Asked:
        if (!wait_) context.terminal.print(fmt::format("run {} was asked to end", number));
        break;
      case CancelAnswer::WasAsked:
        if (!wait_) context.terminal.print(fmt::format("run {} was asked to end before, and will", number));
        break;
      case CancelAnswer::HadEnded:
        context.terminal.print(fmt::format("run {} had ended: {}", number, to_string(outcome.state)));
        return kExitFailed;
      case CancelAnswer::Cancelled:
        context.terminal.print(outcome.state == RunState::Queued
                                   ? fmt::format("run {} was queued, and is cancelled", number)
                                   : fmt::format("run {} was cancelled before", number));
        return kExitDone;
    }
    return wait_ ? wait_for_end(context, lake, number, interrupt.token()) : kExitDone;
  }

 private:
  std::int64_t run_number() const {
    const std::string digits = run_.starts_with("run-") ? run_.substr(4) : run_;
    const bool is_number = !digits.empty() && digits.size() < 19 &&
                           digits.find_first_not_of("0123456789") == std::string::npos;
    if (!is_number)
      throw Error(ErrorKind::Usage, fmt::format("`{}` is no run's number", run_))
          .hint("`lochan history --runs` lists the runs");
    return std::stoll(digits);
  }

  static int wait_for_end(Context& context, Lake& lake, std::int64_t number, const std::stop_token& stop) {
    const Journal journal(lake.state());
    for (;;) {
      const auto record = journal.find(number);
      if (!record || record->state == RunState::Cancelled) {
        const std::string published =
            record && record->publication > 0 ? fmt::format(", after publication {}", record->publication) : "";
        context.terminal.print(fmt::format("run {} is cancelled{}", number, published));
        return kExitDone;
      }
      if (record->state != RunState::Running) {
        context.terminal.print(
            fmt::format("run {} ended before it saw that it was cancelled: {}", number, to_string(record->state)));
        return kExitFailed;
      }
      if (stop.stop_requested()) return kExitInterrupted;
      std::this_thread::sleep_for(kLookEvery);
      recover_dead_runs(lake);
    }
  }

  std::string run_;
  bool wait_ = false;
};

}  // namespace

CommandKind cancel_command() {
  return {
      .name = "cancel",
      .group = "runs",
      .summary = "end a run that is going on, wherever it runs",
      .more =
          "Its steps are stopped, and nothing of it is published. What a run has published by then stays so: only its "
          "sinks\nare stopped. A queued one never begins. Exit code 1 when it had ended by itself.",
      .examples = {{"cancel 42", "ask run 42 to end"}, {"cancel 42 --wait", "and wait until it has"}},
      .make = make_command<CancelCommand>};
}

}  // namespace lochan
