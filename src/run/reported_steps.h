// Steps that are done outside of an execution's workers, each by a thread of its own: the observer is told as they begin, are
// tried again, and end.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "run/attempts.h"
#include "run/observer.h"
#include "run/pools.h"

namespace lochan {

/// May be shared between threads.
class ReportedSteps {
 public:
  ReportedSteps(Observer& observer, std::stop_token stop) : observer_(observer), stop_(std::move(stop)) {}

  /// Does a step. `work` returns how it ended; what it throws is why it failed, or that it was cancelled when a stop was asked for.
  void run(StepReport& report, const std::function<StepState()>& work);
  /// Ends a step that isn't done.
  void skip(StepReport& report, const std::string& why);
  /// An attempt again and again as far as the limits allow, with `delay` after the failure of each but the last. Throws that one's.
  void retry(StepReport& report, const AttemptLimits& limits, const std::function<void()>& attempt,
             const std::function<std::chrono::milliseconds(const Error&)>& delay);

  /// Nothing when the run is to stop.
  std::optional<Places> wait_for_place(const Pools& pools, const std::string& connection) const;
  /// Until then, or until the run is to stop.
  void pause(std::chrono::milliseconds time) const;
  bool is_stopped() const { return stop_.stop_requested(); }
  const std::stop_token& stop() const { return stop_; }
  /// One at a time.
  void tell(const std::function<void(Observer&)>& report);

 private:
  Observer& observer_;  // guarded by mutex_
  const std::stop_token stop_;
  std::mutex mutex_;
};

}  // namespace lochan
