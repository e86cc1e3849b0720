// Cancelling a run from anywhere: a mark in its row of the journal, which the process that runs it looks for.
#pragma once

#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/database.h"
#include "run/run.h"

namespace lochan {

enum class CancelAnswer {
  Asked,      // it ends as soon as it sees it, within a second or so
  WasAsked,   // somebody had asked before, and it hasn't ended yet
  HadEnded,   // by itself
  Cancelled,  // by an earlier wish; or now, as it was queued and hadn't begun
};

struct CancelOutcome {
  CancelAnswer answer = CancelAnswer::Asked;
  RunState state = RunState::Running;  // of the run, when it was asked
};

/// Asks the process of a run to end it, publishing nothing (more). Throws Error{NotFound} for a run that the journal
/// doesn't have. Dead runs must have been recovered (a Lake does that): nobody would see the mark.
CancelOutcome cancel_run(Database& state, std::int64_t run, const std::string& by, Instant now);

/// Of the process that runs it: a stop that comes with `outer`, with the mark, or when the run was taken over. Needs a thread, which looks a few times
/// a second; the state must outlive it.
class CancelWatch {
 public:
  CancelWatch(Database& state, std::int64_t run, std::stop_token outer);
  ~CancelWatch();
  CancelWatch(const CancelWatch&) = delete;
  CancelWatch& operator=(const CancelWatch&) = delete;

  std::stop_token token() const { return source_.get_token(); }
  /// Looks at once.
  bool is_cancelled();
  /// "cancelled by anna"; "cancelled" when this process was asked to stop.
  std::string message() const;

 private:
  void look() noexcept;

  Database& state_;
  const std::int64_t run_;
  std::stop_source source_;
  mutable std::mutex mutex_;
  std::string why_;  // guarded by mutex_
  std::stop_callback<std::function<void()>> outer_;
  std::jthread thread_;
};

}  // namespace lochan
