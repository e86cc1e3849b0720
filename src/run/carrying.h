// Sinks carry out what main has, after a run's publication: each is a step of its own, with its attempts.
#pragma once

#include <mutex>
#include <stop_token>
#include <vector>

#include "plan/plan.h"
#include "run/attempts.h"
#include "run/lake.h"
#include "run/observer.h"
#include "run/pools.h"
#include "run/reported_steps.h"
#include "run/run.h"
#include "sink/sink.h"

namespace lochan {

/// Whether the target of a sink's table holds this version, as far as is known here.
bool is_carried(Lake& lake, const SinkConfig& sink, const SinkTable& table, const std::string& data_version);

class Carrying {
 public:
  /// All must outlive it. `engine` is opened when a sink has something to carry.
  Carrying(Lake& lake, Engine& engine, Observer& observer, bool in_full, std::stop_token stop)
      : lake_(lake), engine_(engine), in_full_(in_full), steps_(observer, std::move(stop)) {}

  /// The sinks at once, each by itself. What fails is in the reports.
  std::vector<StepReport> run(const std::vector<PlannedSink>& sinks);

 private:
  StepState carry(const SinkConfig& sink, StepReport& report);
  std::vector<CarriedTable> attempt(Sink& target, const SinkConfig& sink, std::int64_t publication,
                                    const std::vector<const SinkTable*>& tables, const AttemptLimits& limits);
  std::vector<const SinkTable*> moved_tables(const SinkConfig& sink, std::int64_t publication);
  void recover_engine();

  Lake& lake_;
  Engine& engine_;
  const bool in_full_;
  ReportedSteps steps_;
  std::mutex mutex_;  // one at a time opens the engine anew
};

}  // namespace lochan
