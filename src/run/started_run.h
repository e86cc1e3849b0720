// A run that was started: its number, its row in the journal, the lock that says its process lives. Whatever happens,
// its claims go and its row gets an end; when the process is killed, the next one sees to it (run/recovery.h).
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/file.h"
#include "run/journal.h"
#include "run/lake.h"
#include "run/leases.h"
#include "run/ticks.h"

namespace lochan {

struct StartedRunOptions {
  std::string command;
  std::string selection;
  std::string author;
  std::string target = "main";
  std::optional<TickKey> tick{};  // it is the run of this tick, which must be unbound
  std::optional<QueuedStart> queued{};  // it is this queued run, which begins
};

class StartedRun {
 public:
  StartedRun(Lake& lake, const StartedRunOptions& options);
  ~StartedRun();
  StartedRun(const StartedRun&) = delete;
  StartedRun& operator=(const StartedRun&) = delete;

  std::int64_t number() const { return record_.run; }
  const std::string& author() const { return record_.author; }
  Journal& journal() { return journal_; }

  /// One writing transaction of the run. Throws Error{Conflict} when another host has taken it over: nothing is written.
  /// What it does may be done twice, after a connection was lost.
  void write(const std::function<void()>& work);
  /// Inside a `write` of the state: throws as `write` does.
  void require_own() const;

  /// A branch of its own for the first or another try; the earlier one is dropped.
  const std::string& new_branch(int attempt);

  /// Its tables are published, or there was nothing to publish (0), and it goes on: claims and branch are let go. Inside
  /// the publishing transaction or by itself.
  void settle(std::int64_t publication, BranchState branch_state);
  /// The run's end, inside the publishing transaction or by itself.
  void close(RunState state, std::int64_t publication, const std::string& message,
             BranchState branch_state = BranchState::Dropped);
  /// The transaction that held its end was rolled back.
  void reopen() {
    finished_ = false;
    settled_.reset();
  }

 private:
  void write(const std::function<void()>& work, const std::function<bool()>& is_done);

  Lake& lake_;
  Journal journal_;
  RunRecord record_;
  std::optional<TickKey> tick_;
  std::optional<FileLock> lock_;
  std::optional<HeldLease> lease_;  // where the state is shared
  std::string branch_;
  std::optional<std::int64_t> settled_;  // at this publication
  bool finished_ = false;
};

}  // namespace lochan
