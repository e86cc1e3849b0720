// Jumps of the clock: times that were never there, and time that passed without one. A reading that nobody sets, since
// the machine was started, tells them from time that passes.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace lochan {

/// Since the machine was started; also while it sleeps.
std::chrono::microseconds machine_uptime();
using Uptime = std::function<std::chrono::microseconds()>;

/// Used by one thread at a time. Knows of jumps since it was made; of less than a minute none is one.
class ClockJumps {
 public:
  explicit ClockJumps(Uptime uptime) : uptime_(std::move(uptime)) {}

  /// Compares both readings with those of the last look. True when a jump forwards was taken back: what came by it was
  /// never there.
  bool look(Instant now);
  /// Whether the clock was set forward over this time.
  bool was_jumped_over(Instant at) const;
  /// What has passed between two times, without what the clock was set forward by.
  std::chrono::microseconds passed(Instant from, Instant until) const;

 private:
  struct Reading {
    Instant now;
    std::chrono::microseconds uptime;
  };
  struct Jump {
    Instant from, to;  // forwards
  };

  Uptime uptime_;
  std::optional<Reading> last_;
  std::vector<Jump> jumps_;  // the newest few
};

}  // namespace lochan
