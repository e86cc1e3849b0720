// Sends alerts beside the loop: a mail server that is slow keeps no schedule waiting.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "serve/event_log.h"
#include "serve/health.h"
#include "serve/served_project.h"

namespace lochan {

/// Runs from its constructor to its destructor, which waits for a message that is being sent. All that it is given must
/// outlive it.
class AlertThread {
 public:
  AlertThread(const CurrentProject& current, Health& health, const Secrets& secrets, const Clock& clock, EventLog& log);
  ~AlertThread();
  AlertThread(const AlertThread&) = delete;
  AlertThread& operator=(const AlertThread&) = delete;

  /// Something may have happened, or another project is served. From any thread.
  void wake();

 private:
  void run(const std::stop_token& stop);
  std::optional<Instant> work();
  void wait(const std::stop_token& stop, std::optional<Instant> until);

  const CurrentProject& current_;
  Health& health_;
  const Secrets& secrets_;
  const Clock& clock_;
  EventLog& log_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool is_woken_ = false;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace lochan
