// The one thread of a server that does what is due: it waits until there is something to do, and costs nothing until
// then.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "schedule/process_launcher.h"
#include "schedule/supervisor.h"
#include "serve/alert_thread.h"
#include "serve/event_log.h"
#include "serve/health.h"
#include "serve/notify.h"
#include "serve/reload.h"
#include "serve/served_project.h"
#include "serve/watch.h"

namespace lochan {

struct LoopParts {
  CurrentProject& current;
  Health& health;
  Secrets& secrets;
  const Clock& clock;
  EventLog& log;
  const Notify& notify;
  AlertThread& alerts;
  std::filesystem::path program;  // our own, for the processes that are started
  Listening listening;
};

/// SIGHUP asks for a reload: blocked before any other thread starts, a loop hears it.
void block_reload_signal();

class Loop {
 public:
  explicit Loop(const LoopParts& parts);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Until it is stopped. Runs that were started go on.
  void run(std::stop_token stop);
  /// After that: asks the runs that were started for schedules to end, more firmly after a while, and waits until they
  /// have.
  void stop_runs();
  /// There may be something to do. From any thread.
  void wake() noexcept;

 private:
  using Time = Reload::Time;

  void wait();
  std::chrono::milliseconds patience(Time now) const;
  void hear_signals();
  void follow_project();
  void serve_project();
  void note_state_change(Time now);
  void supervise(Time now);
  void reload(Time now);
  void pet_watchdog(Time now);

  const LoopParts parts_;
  std::shared_ptr<ServedProject> served_;  // shared: the supervisor works on it until it is given the next one
  ProcessLauncher launcher_;
  Supervisor supervisor_;
  Reload reload_;
  Watch watch_;
  int woken_ = -1;    // eventfd
  int signals_ = -1;  // signalfd: SIGHUP
  Time stepped_{};       // when the supervisor did last
  Time step_at_{};       // and is to do next
  std::string trouble_;  // that was told last
  std::optional<Time> look_at_;  // where no change of a file is heard of
  std::optional<Time> pet_at_;
  bool is_reloading_ = false;  // the service manager was told
};

}  // namespace lochan
