#include "run/execution.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/error.h"
#include "base/text.h"

namespace lochan {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{100};
constexpr int kMaxReopen = 1;  // of an engine that made itself unusable

std::string failed_checks(std::span<const CheckResult> results) {
  std::string text;
  for (const CheckResult& result : results) {
    if (result.passed() || result.severity != Severity::Error) continue;
    if (!text.empty()) text += ", ";
    text += result.error.empty() ? fmt::format("`{}` failed for {}", result.name, text::plural(result.failing, "row"))
                                 : fmt::format("`{}` could not be run: {}", result.name, result.error);
  }
  return text;
}

}  // namespace

Execution::Execution(const RunConfig& config, const RunBinding& binding, Board& board, std::vector<Step>& steps,
                     StepRunner& runner, Observer& observer)
    : config_(config),
      binding_(binding),
      board_(board),
      steps_(steps),
      runner_(runner),
      observer_(observer),
      most_threads_(thread_count(binding.threads)) {
  const auto wanted = static_cast<std::size_t>(thread_count(config.workers));
  for (std::size_t i = 0; i < std::clamp<std::size_t>(steps.size(), 1, wanted); ++i) {
    workers_.push_back(std::make_unique<Worker>(binding_, i == 0 ? binding_.shadow : nullptr));
    workers_.back()->when_threads_are_needed([this, worker = workers_.back().get()] { take_all_cores(*worker); });
  }
  has_all_cores_ = binding_.engine.is_open();
  if (!has_all_cores_) binding_.engine.open_with_threads(1);
}

template <typename Report>
void Execution::tell(Report&& report) {
  const std::lock_guard lock(observer_mutex_);
  report(observer_);
}

// Tries as often as the limits say, for what may be retried. `work` gets the attempt's number. Each request to the
// lake's place is tried several times too, and steps are many: so a further attempt tries its requests less often, and
// once a step was given up for the place, others have one attempt until one goes well.
template <typename Work>
auto Execution::retry(Worker& worker, const std::string& name, const AttemptLimits& limits, Work&& work) {
  for (int attempt = 1;; ++attempt) {
    std::chrono::milliseconds delay{0};
    const bool was_away = is_place_away();
    worker.be_brief(was_away || attempt > 1);
    worker.start_attempt(limits.timeout);
    try {
      auto result = work(attempt);
      worker.end_attempt();
      note_place(false);
      return result;
    } catch (const Error& failure) {
      worker.end_attempt();
      worker.drop_session();
      const bool is_of_place = was_tried_out(failure);
      const bool is_in_vain = is_of_place && (was_away || was_waited_for(failure));
      if (is_cancelled() || is_in_vain || !may_retry(limits, failure, attempt)) {
        if (is_of_place) note_place(true);
        if (!worker.is_expired() || is_cancelled()) throw;
        throw took_too_long(ErrorKind::Unavailable, limits);
      }
      delay = retry_delay(limits, attempt);
      tell([&](Observer& observer) {
        observer.write(LogLevel::Warn, fmt::format("{}: attempt {} failed, next in {} ms: {}", name, attempt,
                                                   delay.count(), failure.what()));
      });
    }
    recover_engine();
    pause(delay);
  }
}

void Execution::run(std::stop_token stop, const std::function<void()>& tick) {
  std::vector<std::jthread> threads;
  running_ = static_cast<int>(workers_.size());
  for (const auto& worker : workers_) threads.emplace_back([this, &worker] { work(*worker); });
  watch(std::move(stop), tick);
  threads.clear();
  tick();
}

// The thread that started the run: looks for a stop and for attempts that take too long.
void Execution::watch(std::stop_token stop, const std::function<void()>& tick) {
  const std::stop_callback wake(stop, [this] {
    const std::lock_guard lock(mutex_);  // or it may come between the look and the wait
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  while (running_ > 0) {
    changed_.wait_for(lock, kTick, [&] { return running_ == 0 || (stop.stop_requested() && !cancelled_); });
    if (stop.stop_requested() && !cancelled_) {
      cancelled_ = true;
      board_.cancel();
      changed_.notify_all();
    }
    lock.unlock();
    const auto now = SteadyClock::now();
    for (const auto& worker : workers_)
      // Again and again while cancelling: an interrupt that comes between two statements is lost.
      if (stop.stop_requested() || worker->is_overdue(now)) worker->expire();
    tick();
    lock.lock();
  }
}

void Execution::work(Worker& worker) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const std::optional<Task> task = board_.take();
    const std::vector<std::size_t> skipped = board_.drain_skipped();
    if (!task && board_.is_done()) {
      changed_.notify_all();
      break;
    }
    if (!task && skipped.empty()) {
      changed_.wait_for(lock, kTick);
      continue;
    }
    lock.unlock();
    for (const std::size_t step : skipped)
      tell([&](Observer& observer) { observer.step_finished(steps_[step].report); });
    if (task && task->kind == Task::Kind::Step) run_step(worker, task->step);
    if (task && task->kind == Task::Kind::Audit) run_audit(worker, task->table);
    lock.lock();
  }
  lock.unlock();
  worker.drop_session();
  lock.lock();
  --running_;
  changed_.notify_all();
}

void Execution::run_step(Worker& worker, std::size_t index) {
  Step& step = steps_[index];
  tell([&](Observer& observer) { observer.step_started(step.report); });
  const ProgramTalk talk{
      [&](std::string_view line) {
        tell([&](Observer& observer) { observer.write(LogLevel::Info, fmt::format("{}: {}", step.report.name, line)); });
      },
      [&](std::string_view text) { return observer_.mask(text); }};
  const auto started = SteadyClock::now();
  {
    const std::lock_guard lock(mutex_);
    step.report.queue_seconds = std::chrono::duration<double>(started - board_.ready_since(step)).count();
  }
  StepState state = StepState::Failed;
  std::string error;
  try {
    state = retry(worker, step.report.name, attempt_limits(config_, step.limits()), [&](int attempt) {
      step.report.attempts = attempt;
      return runner_.run(worker, step, talk);
    });
  } catch (const Error& failure) {
    error = failure.what();
  } catch (const std::exception& failure) {
    error = fmt::format("internal error: {}", failure.what());
  }
  step.report.seconds = std::chrono::duration<double>(SteadyClock::now() - started).count();
  {
    const std::lock_guard lock(mutex_);
    if (cancelled_ && state == StepState::Failed) state = StepState::Cancelled, error = "cancelled";
    board_.step_finished(index, state, error);
    changed_.notify_all();
  }
  tell([&](Observer& observer) { observer.step_finished(step.report); });
}

bool Execution::is_cancelled() {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

bool Execution::is_place_away() {
  const std::lock_guard lock(mutex_);
  return place_is_away_;
}

void Execution::note_place(bool is_away) {
  const std::lock_guard lock(mutex_);
  place_is_away_ = is_away;
}

void Execution::recover_engine() {
  const std::lock_guard lock(mutex_);
  if (!binding_.engine.is_invalidated() || reopened_ >= kMaxReopen) return;
  ++reopened_;
  binding_.engine.reopen();
}

// While each worker has a step to do, the engine needs no threads besides theirs: handing the pieces of small queries
// around costs more than it brings. Once there are fewer steps than workers, one that reads much has all cores.
bool Execution::is_wide() const { return workers_.size() > 1 && board_.has_ready(workers_.size()); }

// Never back again: `set threads` to fewer waits, with the engine's list of threads locked, for what they work at to end;
// and the commit of a lake's transaction, when it is one of them, waits for that list.
void Execution::take_all_cores(Worker& worker) {
  {
    const std::lock_guard lock(mutex_);
    if (has_all_cores_ || is_wide()) return;
  }
  try {
    worker.use_threads(most_threads_);
  } catch (const Error&) {
    return;  // the step says what is wrong with the engine
  }
  const std::lock_guard lock(mutex_);
  has_all_cores_ = true;
  binding_.engine.open_with_threads(most_threads_);
}

void Execution::pause(std::chrono::milliseconds delay) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, delay, [&] { return cancelled_; });
}

void Execution::run_audit(Worker& worker, const TableName& table) {
  std::vector<CheckResult> results;
  std::string failed;
  try {
    results =
        retry(worker, fmt::format("audit of {}", to_string(table)), attempt_limits(config_),
              [&](int) { return runner_.audit(worker, table); });
    failed = failed_checks(results);
  } catch (const std::exception& failure) {
    failed = fmt::format("the audit could not be run: {}", failure.what());
  }
  tell([&](Observer& observer) {
    for (const CheckResult& result : results) observer.check_finished(result);
  });
  const std::lock_guard lock(mutex_);
  checks_.insert(checks_.end(), results.begin(), results.end());
  board_.audit_finished(table, failed);
  changed_.notify_all();
}

}  // namespace lochan
