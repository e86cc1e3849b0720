#include "serve/alert_thread.h"

#include <algorithm>
#include <optional>

#include "schedule/alerts.h"

namespace lochan {
namespace {

constexpr std::chrono::seconds kAfterTrouble{10};
constexpr std::chrono::seconds kLongestWait{30};  // the system's clock may jump

}  // namespace

AlertThread::AlertThread(const CurrentProject& current, Health& health, const Secrets& secrets, const Clock& clock,
                         EventLog& log)
    : current_(current), health_(health), secrets_(secrets), clock_(clock), log_(log) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

AlertThread::~AlertThread() {
  thread_.request_stop();
  wake();
}

void AlertThread::wake() {
  const std::lock_guard lock(mutex_);
  is_woken_ = true;
  changed_.notify_one();
}

void AlertThread::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::optional<Instant> until;
    try {
      until = work();
    } catch (const std::exception& error) {
      log_.event(LogLevel::Error, "alerts can't be looked after", {{"problem", error.what()}});
      health_.set("alerts", {Error(ErrorKind::Unavailable, error.what())});
      until = clock_.now() + kAfterTrouble;
    }
    wait(stop, until);
  }
}

std::optional<Instant> AlertThread::work() {
  const std::shared_ptr<ServedProject> served = current_.get();
  if (served->project().alerts.empty()) {
    health_.set("alerts", {});
    return std::nullopt;
  }
  AlertLoop loop({served->project(), served->lake().state(), served->lake().catalog(), clock_, secrets_, log_});
  loop.step();
  health_.set("alerts", loop.problems());
  return loop.wake_at();
}

void AlertThread::wait(const std::stop_token& stop, std::optional<Instant> until) {
  std::unique_lock lock(mutex_);
  const auto is_due = [&] { return is_woken_; };
  if (until) {
    const auto patience = std::clamp<std::chrono::microseconds>(*until - clock_.now(), std::chrono::milliseconds{50},
                                                                kLongestWait);
    changed_.wait_for(lock, stop, patience, is_due);
  } else {
    changed_.wait(lock, stop, is_due);
  }
  is_woken_ = false;
}

}  // namespace lochan
