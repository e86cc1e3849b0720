// A backfill: intervals of incremental models by time, built again chunk after chunk. Each chunk is a run of its own,
// published by itself, so one that was stopped goes on where it was.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "run/backfills.h"
#include "run/run.h"

namespace lochan {

struct BackfillRequest {
  std::vector<std::string> select;
  std::vector<std::string> exclude;
  TimeRange range;
  std::chrono::seconds chunk{std::chrono::hours{24 * 30}};
  bool resume = false;  // the newest that has not ended, instead of what is said here
  std::string target = "main";
  std::string author;
  bool wait = true;
};

struct BackfillChunk {
  TimeRange range;
  std::string text;       // of its first to its last interval
  bool is_built = false;  // and published, since the backfill began
  std::int64_t rows = 0;  // of the inputs, as far as they were counted
};

struct BackfillPlan {
  BackfillRecord record;              // 0 as long as it was not begun
  Interval interval = Interval::Day;  // the longest of its models
  std::vector<BackfillChunk> chunks;
  std::size_t built() const;
};

struct BackfillOutcome {
  BackfillPlan plan;
  RunState state = RunState::Nothing;  // of the run that ended it
};

/// Throws Error{Usage} for tables that have no intervals, ranges outside of what there may be, or nothing to go on
/// with. Starts nothing; `count` asks the inputs for their rows, which opens an engine.
BackfillPlan plan_backfill(Lake& lake, const BackfillRequest& request, bool count);

/// Does what is left of the plan. `told` hears of each chunk after its run; after one that didn't succeed no other
/// begins.
BackfillOutcome run_backfill(
    Lake& lake, const BackfillRequest& request, BackfillPlan plan, Observer& observer, std::stop_token stop,
    const std::function<void(const BackfillPlan&, std::size_t chunk, const RunOutcome&)>& told);

}  // namespace lochan
