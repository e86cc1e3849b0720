#include "run/reported_steps.h"

#include <fmt/format.h>

#include <condition_variable>

#include "base/error.h"

namespace lochan {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{100};

}  // namespace

void ReportedSteps::tell(const std::function<void(Observer&)>& report) {
  const std::lock_guard lock(mutex_);
  report(observer_);
}

void ReportedSteps::run(StepReport& report, const std::function<StepState()>& work) {
  report.state = StepState::Running;
  tell([&](Observer& observer) { observer.step_started(report); });
  const auto started = SteadyClock::now();
  StepState state = StepState::Failed;
  try {
    state = work();
  } catch (const Error& failure) {
    report.error = failure.what();
  } catch (const std::exception& failure) {
    report.error = fmt::format("internal error: {}", failure.what());
  }
  if (state == StepState::Failed && is_stopped()) state = StepState::Cancelled, report.error = "cancelled";
  report.state = state;
  report.seconds = std::chrono::duration<double>(SteadyClock::now() - started).count();
  tell([&](Observer& observer) { observer.step_finished(report); });
}

void ReportedSteps::skip(StepReport& report, const std::string& why) {
  report.state = StepState::Skipped;
  report.error = why;
  tell([&](Observer& observer) { observer.step_finished(report); });
}

void ReportedSteps::retry(StepReport& report, const AttemptLimits& limits, const std::function<void()>& attempt,
                          const std::function<std::chrono::milliseconds(const Error&)>& delay) {
  for (report.attempts = 1;; ++report.attempts) {
    std::chrono::milliseconds waits{0};
    try {
      return attempt();
    } catch (const Error& failure) {
      if (is_stopped() || !may_retry(limits, failure, report.attempts)) throw;
      waits = delay(failure);
      tell([&](Observer& observer) {
        observer.write(LogLevel::Warn, fmt::format("{}: attempt {} failed, next in {} ms: {}", report.name, report.attempts,
                                                   waits.count(), failure.what()));
      });
    }
    pause(waits);
    if (is_stopped()) throw Error(ErrorKind::Unavailable, "cancelled");
  }
}

std::optional<Places> ReportedSteps::wait_for_place(const Pools& pools, const std::string& connection) const {
  const std::vector<std::string> names{connection};
  while (!is_stopped()) {
    if (auto places = pools.try_take(names)) return places;
    pause(kTick);
  }
  return std::nullopt;
}

void ReportedSteps::pause(std::chrono::milliseconds time) const {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait_for(lock, stop_, time, [] { return false; });
}

}  // namespace lochan
