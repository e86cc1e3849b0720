#include "run/attempts.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace lochan {
namespace {

constexpr std::chrono::milliseconds kLongestDelay = std::chrono::minutes{5};
constexpr double kJitter = 0.25;

}  // namespace

AttemptLimits attempt_limits(const RunConfig& run, const StepLimits& own) {
  return {own.retries.value_or(run.retries), own.retry_delay.value_or(run.retry_delay),
          own.timeout.value_or(run.timeout), own.timeout.has_value()};
}

bool may_retry(const AttemptLimits& limits, const Error& failure, int attempt) {
  if (attempt > limits.retries) return false;
  // On a branch of its own even an unknown commit may be tried again: the attempt's tables were put back. And a sink looks
  // up what became of it.
  return failure.kind() == ErrorKind::Unavailable || failure.kind() == ErrorKind::CommitUnknown ||
         failure.kind() == ErrorKind::Conflict;
}

// By the words of the engine's httpfs, and of our S3 client. What a source says of its own place names a connection.
bool was_tried_out(const Error& failure) {
  if (failure.kind() != ErrorKind::Unavailable && failure.kind() != ErrorKind::CommitUnknown) return false;
  const std::string& text = failure.message();
  if (text.starts_with("connection ")) return false;
  return text.find(" for HTTP ") != std::string::npos ||
         (text.find("`s3://") != std::string::npos && text.ends_with(" times"));
}

// libcurl's words, which the engine passes on.
bool was_waited_for(const Error& failure) {
  return was_tried_out(failure) && failure.message().find("imeout was reached") != std::string::npos;
}

std::chrono::milliseconds retry_delay(const AttemptLimits& limits, int attempt, double chance) {
  const auto longest = std::max(limits.retry_delay, kLongestDelay);  // a person who asks for more gets it
  auto delay = limits.retry_delay;
  for (int i = 1; i < attempt && delay < longest; ++i) delay *= 2;
  delay = std::min(delay, longest);
  return delay - std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(delay.count()) * kJitter * chance));
}

std::chrono::milliseconds retry_delay(const AttemptLimits& limits, int attempt) {
  std::random_device device;
  return retry_delay(limits, attempt, std::uniform_real_distribution<double>(0, 1)(device));
}

Error took_too_long(ErrorKind kind, const AttemptLimits& limits) {
  return Error(kind, fmt::format("it took longer than {} s", limits.timeout.count()))
      .hint(limits.has_own_timeout ? "raise its `timeout`, or make it smaller"
                                   : "give it a `timeout` of its own, raise `run.timeout` in lochan.yaml, or make it smaller");
}

}  // namespace lochan
