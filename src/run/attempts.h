// How often a step is tried, for how long, and how long it waits in between: its own limits, else those of `run:`.
#pragma once

#include <chrono>

#include "base/error.h"
#include "project/project.h"

namespace lochan {

struct AttemptLimits {
  int retries = 0;
  std::chrono::milliseconds retry_delay{0};
  std::chrono::seconds timeout{0};
  bool has_own_timeout = false;
};

AttemptLimits attempt_limits(const RunConfig& run, const StepLimits& own = {});

/// Whether another attempt may come after this one, the first being 1.
bool may_retry(const AttemptLimits& limits, const Error& failure, int attempt);

/// Whether it ends a request to the lake's place that was tried several times, by the engine or by our own client.
bool was_tried_out(const Error& failure);
/// Whether each of those tries waited for an answer until its time was over: minutes in all.
bool was_waited_for(const Error& failure);

/// The wait after an attempt: doubled each time, up to five minutes, and shortened by up to a quarter, so that what failed
/// together isn't tried again together. `chance` is from 0 up to 1.
std::chrono::milliseconds retry_delay(const AttemptLimits& limits, int attempt, double chance);
std::chrono::milliseconds retry_delay(const AttemptLimits& limits, int attempt);

/// What an attempt that took too long ends with.
Error took_too_long(ErrorKind kind, const AttemptLimits& limits);

}  // namespace lochan
