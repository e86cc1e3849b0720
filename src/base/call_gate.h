// When calls may go out: no more than so many in any stretch of a period, and none before an instant that the other side
// named.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>

namespace lochan {

/// May be shared between threads. Waits for nothing itself: who may not go yet is told for how long.
class CallGate {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `calls` in each `period`; 0: no limit.
  CallGate(int calls, std::chrono::milliseconds period) : calls_(calls), period_(period) {}

  /// Zero: the call may go, and is counted. Else how long to wait before asking again.
  std::chrono::nanoseconds take(Time now);
  /// No call goes before `until`; an earlier instant than one that was given before changes nothing.
  void hold(Time until);

 private:
  const int calls_;
  const std::chrono::milliseconds period_;
  std::mutex mutex_;
  std::deque<Time> taken_;  // those within the last period; guarded by mutex_
  Time held_until_{};       // guarded by mutex_
};

}  // namespace lochan
