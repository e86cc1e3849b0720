#include "run/recovery.h"

#include <fmt/format.h>

#include <cstdlib>

#include "run/journal.h"
#include "run/ticks.h"
#include "run/leftovers.h"

namespace lochan {

namespace {

// Of runs that ended, and were killed before they could tidy up. A run that is just starting has its lock before its
// row.
void remove_old_locks(Database& state, const std::filesystem::path& home) {
  std::error_code ignored;
  for (const auto& file : std::filesystem::directory_iterator(home / "runs", ignored)) {
    const std::int64_t run = std::atoll(file.path().stem().c_str());
    const auto rows = state.query(
        "select count(*) from run where (run = $1 and state <> 'running') or "
        "$1 < (select min(run) from run)",
        {run});
    if (rows[0].integer(0) > 0) std::filesystem::remove(file.path(), ignored);
  }
}

}  // namespace

std::filesystem::path run_lock_path(const std::filesystem::path& home, std::int64_t run) {
  return home / "runs" / fmt::format("{}.lock", run);
}

std::vector<std::int64_t> recover_dead_runs(Database& state, Catalog& catalog, const std::filesystem::path& home,
                                            Instant now) {
  std::vector<std::int64_t> dead;
  for (const DbRow& row : state.query("select run, branch, process, publication from run where state = 'running'")) {
    const std::int64_t run = row.integer(0);
    // Its row is written while the lock is held, and the lock goes with the process.
    if (FileLock::is_held(run_lock_path(home, run))) continue;
    kill_leftovers(home, run);  // before its row says that it is over
    state.write([&] {
      if (state.query("select 1 from run where run = $1 and state = 'running'", {run}).empty()) return;
      for (const Branch& branch : catalog.branches()) {
        // What was published goes on being looked at.
        if (branch.kind == BranchKind::Run && branch.state == BranchState::Open &&
            (branch.name == row.text(1) || branch.name.starts_with(row.text(1) + "-")))
          catalog.mark_branch(branch.name, BranchState::Dropped);
      }
      catalog.release_claims(run);
      const std::string message = fmt::format("its process {} ended without a word", row.integer(2));
      Journal(state).finish(run, RunState::Dead, row.integer(3), now, message);
      Ticks(state).end_of_run(run, message, now);
      dead.push_back(run);
    });
    std::error_code ignored;
    std::filesystem::remove(run_lock_path(home, run), ignored);
  }
  remove_old_locks(state, home);
  return dead;
}

}  // namespace lochan
