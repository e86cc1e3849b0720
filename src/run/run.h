// A run: a plan executed on a branch of its own, audited, and published at once.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/secret.h"
#include "plan/plan.h"
#include "run/lake.h"
#include "run/observer.h"
#include "run/ticks.h"

namespace lochan {

/// Queued: waits for a worker, see run/run_queue.h.
enum class RunState { Queued, Running, Succeeded, Failed, Cancelled, Dead, Nothing };
std::string_view to_string(RunState state);

/// A process that a worker started for a queued run: the run's number, and the how manieth start it is.
struct QueuedStart {
  std::int64_t run = 0;
  std::int64_t start = 0;
};

struct RunRequest {
  std::vector<std::string> select;
  std::vector<std::string> exclude;
  bool full_refresh = false;
  std::string target = "main";  // or a named branch
  std::string command = "run";
  std::string author;
  /// Of incremental models by time: these intervals are built again, and nothing else is.
  std::optional<BackfillPart> backfill;
  /// Rejected records of the selected tables are tried again, and nothing else is done.
  std::optional<ReplayPart> replay;
  /// It is the run of this tick, which ends with it; with nothing to do, the tick ends without a run.
  std::optional<TickKey> tick{};
  /// It is that queued run, which ends with it.
  std::optional<QueuedStart> queued{};
  bool wait = true;  // for claims another run holds; false: fail at once
};

/// A table that was made but not published, and why.
struct HeldBack {
  TableName table;
  std::string reason;
};

struct RunOutcome {
  RunState state = RunState::Nothing;
  std::int64_t run = 0;
  std::optional<std::int64_t> publication;
  std::string branch;  // left for looking at, when something was held back
  std::vector<TableName> published;
  std::vector<HeldBack> held_back;
  std::vector<StepReport> steps;
  std::vector<CheckResult> checks;
  Plan plan;
  double seconds = 0;
};

/// Throws Error for what keeps the run from starting (project problems, a lake that can't be opened); what fails in a
/// step is in the outcome.
RunOutcome run(Lake& lake, const RunRequest& request, Observer& observer, std::stop_token stop);

/// The plan alone: nothing is claimed, no engine is opened.
Plan plan_run(Lake& lake, const RunRequest& request);

/// Audits the selected tables as a ref has them, without building: `lochan check`.
std::vector<CheckResult> check_tables(Lake& lake, const std::string& ref, const std::vector<std::string>& select,
                                      const std::vector<std::string>& exclude, Observer& observer,
                                      std::stop_token stop);

}  // namespace lochan
