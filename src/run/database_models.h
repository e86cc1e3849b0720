// Models in databases, built: those that only read there before all else of a run, those that are made from the lake's
// tables after its publication and its sinks. Each is a step of its own, with its attempts.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "run/attempts.h"
#include "run/lake.h"
#include "run/observer.h"
#include "run/pools.h"
#include "run/reported_steps.h"

namespace lochan {

class DatabaseModels {
 public:
  /// All must outlive it.
  DatabaseModels(Lake& lake, const Analysis& analysis, Observer& observer, std::int64_t run, Instant run_at,
                 std::stop_token stop)
      : lake_(lake), analysis_(analysis), run_(run), run_at_(run_at), steps_(observer, std::move(stop)) {}

  /// Each database by itself, its models in order; one whose input failed is skipped. `failed` are those of the sinks.
  /// What fails is in the reports.
  std::vector<StepReport> run(const std::vector<PlannedDatabaseModel>& models,
                              const std::set<std::string>& failed_sinks);
  /// What the audits of the last `run` said.
  const std::vector<CheckResult>& checks() const { return checks_; }

 private:
  struct Group;
  void run_group(Group& group);
  void find_order(Group& group);
  void run_model(Group& group, const PlannedDatabaseModel& planned, StepReport& report);
  std::string failed_input(const Group& group, const TableName& table) const;
  StepState build(Group& group, const PlannedDatabaseModel& planned, StepReport& report);
  StepState attempt(Group& group, const PlannedDatabaseModel& planned, const AttemptLimits& limits, StepReport& report);

  Lake& lake_;
  const Analysis& analysis_;
  const std::int64_t run_;
  const Instant run_at_;
  ReportedSteps steps_;
  std::vector<CheckResult> checks_;  // by its `tell`, while steps run
};

}  // namespace lochan
