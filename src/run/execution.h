// Executes the steps of a run with several workers: attempts, retries, timeouts, cancelling, audits.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <vector>

#include "run/attempts.h"
#include "run/board.h"
#include "run/step_runner.h"
#include "run/worker.h"

namespace lochan {

class Execution {
 public:
  /// All must outlive the execution.
  Execution(const RunConfig& config, const RunBinding& binding, Board& board, std::vector<Step>& steps,
            StepRunner& runner, Observer& observer);

  /// Returns when all is done, or soon after a stop was asked for. `tick` is called now and then, and at the end.
  void run(std::stop_token stop, const std::function<void()>& tick);
  const std::vector<CheckResult>& checks() const { return checks_; }

 private:
  void work(Worker& worker);
  void run_step(Worker& worker, std::size_t index);
  template <typename Work>
  auto retry(Worker& worker, const std::string& name, const AttemptLimits& limits, Work&& work);
  bool is_cancelled();
  bool is_place_away();
  void note_place(bool is_away);
  void run_audit(Worker& worker, const TableName& table);
  void pause(std::chrono::milliseconds delay);
  void recover_engine();
  bool is_wide() const;  // the caller holds mutex_, once workers run
  void take_all_cores(Worker& worker);
  void watch(std::stop_token stop, const std::function<void()>& tick);
  template <typename Report>
  void tell(Report&& report);

  const RunConfig& config_;
  const RunBinding& binding_;
  Board& board_;              // guarded by mutex_
  std::vector<Step>& steps_;  // a running step belongs to its worker
  StepRunner& runner_;
  Observer& observer_;  // guarded by observer_mutex_
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<CheckResult> checks_;  // guarded by mutex_
  bool cancelled_ = false;           // guarded by mutex_
  int running_ = 0;                  // threads that work; guarded by mutex_
  int reopened_ = 0;                 // guarded by mutex_
  bool place_is_away_ = false;       // a step was given up for it, and none went well since; guarded by mutex_
  const int most_threads_;      // of the engine
  bool has_all_cores_ = false;  // the engine; guarded by mutex_
  std::mutex mutex_;
  std::condition_variable changed_;
  std::mutex observer_mutex_;
};

}  // namespace lochan
