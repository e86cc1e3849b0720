#include "run/recovery.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/file.h"
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
        "select count(*) from run where (run = $1 and state not in ('running', 'queued')) or "
        "$1 < (select min(run) from run)",
        {run});
    if (rows[0].integer(0) > 0) std::filesystem::remove(file.path(), ignored);
  }
}

// A run of a file's state has no place that another could have, and those of before places were kept.
bool is_here(Lake& lake, const RunRecord& run) {
  return lake.leases() == nullptr || run.place.empty() || run.place == lake.place();
}

// Inside a transaction: of several processes that find it dead one does it, and its own from here on nothing.
bool mark_dead(Lake& lake, const RunRecord& run, bool has_ended) {
  const auto now = Journal(lake.state()).find(run.run);
  if (!now || now->state != RunState::Running) return false;
  if (lake.leases() != nullptr) {
    // One whose process is gone may have renewed its lease a moment ago.
    if (!has_ended && !lake.leases()->take(run_lease_name(run.run), lake.place())) return false;
    lake.leases()->forget(run_lease_name(run.run));
  }
  for (const Branch& branch : lake.catalog().branches()) {
    // What was published goes on being looked at.
    if (branch.kind == BranchKind::Run && branch.state == BranchState::Open &&
        (branch.name == run.branch || branch.name.starts_with(run.branch + "-")))
      lake.catalog().mark_branch(branch.name, BranchState::Dropped);
  }
  lake.catalog().release_claims(run.run);
  const std::string message = has_ended ? fmt::format("its process {} ended without a word", run.process)
                                        : fmt::format("its process {} on {} stood still or was cut off, and its lease ran out",
                                                      run.process, run.place.substr(0, run.place.find(':')));
  Journal(lake.state()).finish(run.run, RunState::Dead, now->publication, lake.clock().now(), message);
  Ticks(lake.state()).end_of_run(run.run, message, lake.clock().now());
  return true;
}

}  // namespace

std::filesystem::path run_lock_path(const std::filesystem::path& home, std::int64_t run) {
  return home / "runs" / fmt::format("{}.lock", run);
}

std::string run_lease_name(std::int64_t run) { return fmt::format("run-{}", run); }

bool is_alive(Lake& lake, const RunRecord& run) {
  // Its row is written while the lock is held, and the lock goes with the process.
  if (is_here(lake, run) && !FileLock::is_held(run_lock_path(lake.home(), run.run))) return false;
  return lake.leases() == nullptr || !lake.leases()->has_run_out(run_lease_name(run.run));
}

std::vector<std::int64_t> recover_dead_runs(Lake& lake) {
  std::vector<std::int64_t> dead;
  for (const RunRecord& run : Journal(lake.state()).running()) {
    if (is_alive(lake, run)) continue;
    const bool was_here = is_here(lake, run);
    const bool has_ended = was_here && !FileLock::is_held(run_lock_path(lake.home(), run.run));
    if (was_here) kill_leftovers(lake.home(), run.run);  // before its row says that it is over
    bool was_dead = false;
    lake.state().write([&] { was_dead = mark_dead(lake, run, has_ended); });
    if (was_dead) dead.push_back(run.run);
    std::error_code ignored;
    if (has_ended) std::filesystem::remove(run_lock_path(lake.home(), run.run), ignored);
  }
  remove_old_locks(lake.state(), lake.home());
  return dead;
}

}  // namespace lochan
