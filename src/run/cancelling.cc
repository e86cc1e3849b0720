#include "run/cancelling.h"

#include <fmt/format.h>

#include <condition_variable>

#include "base/error.h"
#include "run/journal.h"
#include "run/run_queue.h"

namespace lochan {
namespace {

constexpr std::chrono::milliseconds kLookEvery{250};

}  // namespace

CancelOutcome cancel_run(Database& state, std::int64_t run, const std::string& by, Instant now) {
  CancelOutcome outcome;
  state.write([&] {
    Journal journal(state);
    const auto record = journal.find(run);
    if (!record)
      throw Error(ErrorKind::NotFound, fmt::format("no run {}", run)).hint("`lochan history --runs` lists the runs");
    outcome.state = record->state;
    if (record->state == RunState::Cancelled)
      outcome.answer = CancelAnswer::Cancelled;
    else if (record->state == RunState::Queued &&
             RunQueue(state).drop(run, fmt::format("cancelled by {} before it began", by), now))
      outcome.answer = CancelAnswer::Cancelled;
    else if (record->state != RunState::Running)
      outcome.answer = CancelAnswer::HadEnded;
    else
      outcome.answer = journal.ask_to_cancel(run, by, now) ? CancelAnswer::Asked : CancelAnswer::WasAsked;
  });
  return outcome;
}

CancelWatch::CancelWatch(Database& state, std::int64_t run, std::stop_token outer)
    : state_(state), run_(run), outer_(std::move(outer), [this] { source_.request_stop(); }) {
  thread_ = std::jthread([this](const std::stop_token& done) {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    while (!done.stop_requested() && !source_.stop_requested()) {
      changed.wait_for(lock, done, kLookEvery, [] { return false; });
      if (!done.stop_requested()) look();
    }
  });
}

CancelWatch::~CancelWatch() = default;

bool CancelWatch::is_cancelled() {
  look();
  return source_.stop_requested();
}

std::string CancelWatch::message() const {
  const std::lock_guard lock(mutex_);
  return why_.empty() ? "cancelled" : why_;
}

void CancelWatch::look() noexcept {
  try {
    const auto rows = state_.query("select state, cancel_requested, cancelled_by from run where run = $1", {run_});
    const bool is_over = rows.empty() || rows[0].text(0) != to_string(RunState::Running);
    if (!is_over && rows[0].is_null(1)) return;
    {
      const std::lock_guard lock(mutex_);
      // Another host found it standing still, and has ended it.
      why_ = is_over ? "taken over by another host" : fmt::format("cancelled by {}", rows[0].text(2));
    }
    source_.request_stop();
  } catch (const std::exception&) {
    // A state that is busy or away: the next look comes soon.
  }
}

}  // namespace lochan
