#include "base/call_gate.h"

#include <algorithm>

namespace lochan {

std::chrono::nanoseconds CallGate::take(Time now) {
  const std::lock_guard lock(mutex_);
  if (now < held_until_) return held_until_ - now;
  if (calls_ == 0) return std::chrono::nanoseconds{0};
  while (!taken_.empty() && taken_.front() + period_ <= now) taken_.pop_front();
  if (taken_.size() >= static_cast<std::size_t>(calls_)) return taken_.front() + period_ - now;
  taken_.push_back(now);
  return std::chrono::nanoseconds{0};
}

void CallGate::hold(Time until) {
  const std::lock_guard lock(mutex_);
  held_until_ = std::max(held_until_, until);
}

}  // namespace lochan
