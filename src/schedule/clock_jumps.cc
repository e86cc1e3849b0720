#include "schedule/clock_jumps.h"

#include <time.h>

#include <algorithm>
#include <utility>

namespace lochan {
namespace {

// Less is a clock that is kept right.
constexpr std::chrono::seconds kJump{60};
constexpr std::size_t kMostKept = 16;

}  // namespace

std::chrono::microseconds machine_uptime() {
  timespec reading{};
  ::clock_gettime(CLOCK_BOOTTIME, &reading);
  return std::chrono::seconds{reading.tv_sec} +
         std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::nanoseconds{reading.tv_nsec});
}

bool ClockJumps::look(Instant now) {
  const std::chrono::microseconds uptime = uptime_();
  const std::optional<Reading> last = std::exchange(last_, Reading{now, uptime});
  if (!last) return false;
  const Instant expected = last->now + (uptime - last->uptime);
  if (now > expected + kJump) {
    if (jumps_.size() == kMostKept) jumps_.erase(jumps_.begin());
    jumps_.push_back({expected, now});
    return false;
  }
  if (now >= expected - kJump) return false;
  return std::erase_if(jumps_, [&](const Jump& jump) { return jump.to > now; }) > 0;
}

bool ClockJumps::was_jumped_over(Instant at) const {
  return std::ranges::any_of(jumps_, [&](const Jump& jump) { return jump.from < at && at <= jump.to; });
}

std::chrono::microseconds ClockJumps::passed(Instant from, Instant until) const {
  std::chrono::microseconds passed = until - from;
  for (const Jump& jump : jumps_)
    if (from <= jump.to) passed -= std::max(std::chrono::microseconds{0}, jump.to - std::max(from, jump.from));
  return passed;
}

}  // namespace lochan
