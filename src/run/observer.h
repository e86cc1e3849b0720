// What upper floors hear about while a run goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "check/check.h"

namespace lochan {

enum class StepState { Waiting, Running, Built, Unchanged, Failed, Skipped, HeldBack, Cancelled };
std::string_view to_string(StepState state);

/// One step: a model's table, or a source's connection with all its tables.
struct StepReport {
  std::string name;  // "mart.sales_by_day", "source:shop/branch_1"
  std::string kind;  // "source", "table", "view", "append", "incremental"
  StepState state = StepState::Waiting;
  std::string reason;  // why it was run
  std::string error;   // why it failed, was skipped or held back
  int attempts = 0;
  std::optional<std::int64_t> rows_read;  // where that is known: of sources, and of replays
  std::int64_t rows_written = 0;
  std::int64_t rows_removed = 0;
  std::int64_t rows_rejected = 0;
  std::int64_t rows_late = 0;      // incremental by time: that fell into intervals it had built before
  std::optional<std::int64_t> bytes_read;  // where that is known: the files of a source
  std::int64_t bytes_written = 0;  // files it added to the lake
  double seconds = 0;
  double queue_seconds = 0;  // from when it could begin until it did
  std::string intervals;  // incremental by time: those that were built
  std::vector<TableName> tables;
};

/// Called from the run's threads, one call at a time. Must not throw.
class Observer : public Log {
 public:
  virtual void run_started(std::int64_t run, int steps) = 0;
  virtual void step_started(const StepReport& step) = 0;
  virtual void step_finished(const StepReport& step) = 0;
  virtual void check_finished(const CheckResult& result) = 0;
  /// Without secrets: of what programs say, before it becomes part of an error. May be called at any time.
  virtual std::string mask(std::string_view text) const { return std::string(text); }
};

}  // namespace lochan
