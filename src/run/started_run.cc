#include "run/started_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include "run/recovery.h"
#include "run/run_queue.h"

namespace lochan {
namespace {

constexpr int kKeepRuns = 1000;
constexpr int kAttempts = 3;  // of a transaction that was lost with its connection; each waits for the server

}  // namespace

StartedRun::StartedRun(Lake& lake, const StartedRunOptions& options) : lake_(lake), journal_(lake.state()), tick_(options.tick) {
  record_.command = options.command;
  record_.selection = options.selection;
  record_.author = options.author;
  record_.target = options.target;
  record_.process = ::getpid();
  record_.started_at = lake.clock().now();
  if (lake.leases() != nullptr) record_.place = lake.place();
  std::optional<std::int64_t> token;
  lake_.state().write([&] {
    record_.run = options.queued ? options.queued->run : journal_.next_number();
    record_.branch = fmt::format("run-{}", record_.run);
    // Before the row can be seen: a run without its lock is a dead one.
    lock_ = FileLock::try_acquire(run_lock_path(lake_.home(), record_.run));
    if (options.queued)
      RunQueue(lake_.state()).begin(*options.queued, record_);
    else
      journal_.insert(record_);
    if (lake_.leases() != nullptr) token = lake_.leases()->take(run_lease_name(record_.run), record_.place);
    if (tick_) Ticks(lake_.state()).bind(*tick_, record_.run);
  });
  if (token) lease_.emplace(*lake_.leases(), run_lease_name(record_.run), *token);
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

void StartedRun::require_own() const {
  if (lease_) lease_->require();
}

void StartedRun::write(const std::function<void()>& work) {
  write(work, [] { return false; });
}

// `is_done`: whether the work of an earlier try, whose commit got no answer, was kept after all.
void StartedRun::write(const std::function<void()>& work, const std::function<bool()>& is_done) {
  for (int attempt = 1;; ++attempt) {
    try {
      return lake_.state().write([&] {
        if (attempt > 1 && is_done()) return;
        require_own();
        work();
      });
    } catch (const Error& error) {
      // A file's state has waited for long already.
      const bool is_lost = error.kind() == ErrorKind::Unavailable || error.kind() == ErrorKind::CommitUnknown;
      if (!lease_ || !is_lost || attempt == kAttempts) throw;
    }
  }
}

const std::string& StartedRun::new_branch(int attempt) {
  const std::string before = branch_;
  branch_ = attempt == 0 ? record_.branch : fmt::format("{}-{}", record_.branch, attempt + 1);
  const auto make = [&] {
    if (attempt > 0 && lake_.catalog().find_branch(before)) lake_.catalog().mark_branch(before, BranchState::Dropped);
    lake_.catalog().create_branch(branch_, BranchKind::Run, record_.target);
  };
  write(make, [&] {
    const auto made = lake_.catalog().find_branch(branch_);
    return made && made->state == BranchState::Open;
  });
  return branch_;
}

void StartedRun::settle(std::int64_t publication, BranchState branch_state) {
  write([&] {
    journal_.published(record_.run, publication);
    lake_.catalog().release_claims(record_.run);
    if (!branch_.empty() && branch_state != BranchState::Published) lake_.catalog().mark_branch(branch_, branch_state);
  });
  settled_ = publication;
}

void StartedRun::close(RunState state, std::int64_t publication, const std::string& message, BranchState branch_state) {
  const Instant now = lake_.clock().now();
  const auto finish = [&] {
    journal_.finish(record_.run, state, settled_.value_or(publication), now, message);
    if (lease_) lake_.leases()->forget(lease_->name());
    lake_.catalog().release_claims(record_.run);
    // Tending lets go of its own branches too, when they are over.
    const bool is_there = !branch_.empty() && lake_.catalog().find_branch(branch_);
    if (!settled_ && is_there && branch_state != BranchState::Published) lake_.catalog().mark_branch(branch_, branch_state);
    if (tick_) Ticks(lake_.state()).end(*tick_, state, message, now);
    journal_.roll_over(kKeepRuns);
  };
  write(finish, [&] {
    const auto row = journal_.find(record_.run);
    return row && row->state == state && row->finished_at == now;
  });
  finished_ = true;
}

}  // namespace lochan
