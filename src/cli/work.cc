// `lochan work`: executes queued runs.
#include <fmt/format.h>

#include <condition_variable>
#include <mutex>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "run/lake.h"
#include "schedule/queue_worker.h"

namespace lochan {
namespace {

constexpr std::chrono::milliseconds kLookEvery{500};

class ConsoleLog final : public Log {
 public:
  explicit ConsoleLog(Terminal& terminal) : terminal_(terminal) {}
  void write(LogLevel level, std::string_view message) noexcept override {
    try {
      terminal_.note(level == LogLevel::Info ? std::string(message) : fmt::format("{}: {}", to_string(level), message));
    } catch (...) {
      // A console that is gone is no reason to stop.
    }
  }

 private:
  Terminal& terminal_;
};

class WorkCommand final : public Command {
 public:
  void add_options(Options& options) override {
    options.number("--runs", runs_, "N", "how many at once (1 by default)");
    options.flag("--until-idle", until_idle_, "end when nothing is queued, and what was begun has ended");
  }

  int run(Context& context) override {
    const Interrupt interrupt;
    if (runs_ && *runs_ < 1) throw Error(ErrorKind::Usage, fmt::format("`--runs` is {}, wanted 1 or more", *runs_));
    const Project project = open_project(context);
    Lake lake(project, context.clock);
    ConsoleLog log(context.terminal);
    QueueWorker worker(
        lake, log,
        {.at_once = static_cast<int>(runs_.value_or(1)), .program = std::filesystem::read_symlink("/proc/self/exe")});
    if (!until_idle_) log.write(LogLevel::Info, "waiting for queued runs; Ctrl-C ends this, and no run");
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    while (!interrupt.is_requested()) {
      if (look(worker, log)) return kExitDone;
      changed.wait_for(lock, interrupt.token(), kLookEvery, [] { return false; });
    }
    return worker.running() == 0 ? kExitDone : kExitInterrupted;
  }

 private:
  // A state that is away comes back: runs that go on don't need us meanwhile. True when there is nothing left to do.
  bool look(QueueWorker& worker, Log& log) {
    try {
      worker.step();
      trouble_.clear();
      return until_idle_ && worker.is_idle();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Unavailable && error.kind() != ErrorKind::CommitUnknown) throw;
      if (error.message() != trouble_) log.write(LogLevel::Error, error.message());
      trouble_ = error.message();
      return false;
    }
  }

  std::optional<std::int64_t> runs_;
  bool until_idle_ = false;
  std::string trouble_;
};

}  // namespace

CommandKind work_command() {
  return {.name = "work",
          .group = "runs",
          .summary = "execute queued runs",
          .more =
              "Takes what `lochan run --queue` left, the oldest first, and executes each as a process of its own. With "
              "the state in\n"
              "PostgreSQL it may run on every host; a run is executed once. One that was taken by a host which died "
              "before it began\n"
              "is taken by another after a minute; one that died later is told as dead by whoever looks.\n"
              "Ctrl-C or SIGTERM ends the worker, not the runs that it began.",
          .examples = {{"work", "on each host, for as long as it is up"},
                       {"work --runs 4", "and four at once"},
                       {"work --until-idle", "what is queued now, then end"}},
          .make = make_command<WorkCommand>};
}

}  // namespace lochan
