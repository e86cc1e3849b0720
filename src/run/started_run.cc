#include "run/started_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include "run/recovery.h"

namespace lochan {
namespace {

constexpr int kKeepRuns = 1000;

}  // namespace

StartedRun::StartedRun(Lake& lake, const StartedRunOptions& options) : lake_(lake), journal_(lake.state()), tick_(options.tick) {
  record_.command = options.command;
  record_.selection = options.selection;
  record_.author = options.author;
  record_.target = options.target;
  record_.process = ::getpid();
  record_.started_at = lake.clock().now();
  lake_.state().write([&] {
    record_.run = journal_.next_number();
    record_.branch = fmt::format("run-{}", record_.run);
    // Before the row can be seen: a run without its lock is a dead one.
    lock_ = FileLock::try_acquire(run_lock_path(lake_.home(), record_.run));
    journal_.insert(record_);
    if (tick_) Ticks(lake_.state()).bind(*tick_, record_.run);
  });
}

StartedRun::~StartedRun() {
  try {
    if (!finished_) close(RunState::Failed, 0, "it ended with an error");
  } catch (...) {
    // The state can't be written: the next process finds the lock free and cleans up.
  }
  std::error_code ignored;
  std::filesystem::remove(run_lock_path(lake_.home(), record_.run), ignored);
}

const std::string& StartedRun::new_branch(int attempt) {
  if (attempt > 0 && lake_.catalog().find_branch(branch_)) lake_.catalog().mark_branch(branch_, BranchState::Dropped);
  branch_ = attempt == 0 ? record_.branch : fmt::format("{}-{}", record_.branch, attempt + 1);
  lake_.catalog().create_branch(branch_, BranchKind::Run, record_.target);
  return branch_;
}

void StartedRun::settle(std::int64_t publication, BranchState branch_state) {
  lake_.state().write([&] {
    journal_.published(record_.run, publication);
    lake_.catalog().release_claims(record_.run);
    if (!branch_.empty() && branch_state != BranchState::Published) lake_.catalog().mark_branch(branch_, branch_state);
  });
  settled_ = publication;
}

void StartedRun::close(RunState state, std::int64_t publication, const std::string& message, BranchState branch_state) {
  lake_.state().write([&] {
    journal_.finish(record_.run, state, settled_.value_or(publication), lake_.clock().now(), message);
    lake_.catalog().release_claims(record_.run);
    // Tending lets go of its own branches too, when they are over.
    const bool is_there = !branch_.empty() && lake_.catalog().find_branch(branch_);
    if (!settled_ && is_there && branch_state != BranchState::Published) lake_.catalog().mark_branch(branch_, branch_state);
    if (tick_) Ticks(lake_.state()).end(*tick_, state, message, lake_.clock().now());
    journal_.roll_over(kKeepRuns);
  });
  finished_ = true;
}

}  // namespace lochan
