// Starts what schedules are due for, each tick as a process of its own, and sees it to its end. A supervisor that dies
// takes no run with it: the next one finds the ticks in the state, follows processes that live, recovers runs that
// died, and starts again what had not begun.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "run/lake.h"
#include "schedule/clock_jumps.h"
#include "schedule/launcher.h"
#include "schedule/scheduler.h"
#include "schedule/seat.h"
#include "schedule/stopping.h"

namespace lochan {

struct SupervisorOptions {
  /// How long `wake_at` may be ahead. More than a second is for who hears of what others write into the state.
  std::chrono::seconds longest_sleep{1};
  Uptime uptime = machine_uptime;
};

/// Used by one thread at a time. Of several on one state only one acts: see ScheduleSeat.
class Supervisor {
 public:
  /// All must outlive it, the lake until another one is used.
  Supervisor(Lake& lake, Launcher& launcher, Log& log, SupervisorOptions options = {});

  /// The project was read anew: from now on by this lake's. Ticks that are open go on.
  void use(Lake& lake);
  /// Does all that is due now: ends what has ended, stops what takes too long, starts what may begin. Throws when the
  /// state can't be read or written; call it again then.
  void step();
  /// When `step` should be called again; also when a process has ended.
  Instant wake_at() const;

  /// Whether it is the one that acts.
  bool is_active() const { return seat_.is_taken(); }
  /// Ticks for which a process runs.
  int running() const { return running_; }

 private:
  bool become_active();
  void reap();
  void reap(const TickKey& key, const EndedProcess& ended);
  std::vector<Tick> look();
  void follow(Tick tick);
  void follow_elsewhere(Tick& tick);
  void enforce_timeout(Tick& tick, std::int64_t process);
  void start(Tick tick);
  void start_again(Tick tick, const std::string& why);
  void end_with_run(const Tick& tick);
  void end(const TickKey& tick, TickState state, const std::string& reason);
  void tell_end(const Tick& tick);
  std::vector<std::string> arguments(const Tick& tick) const;

  const SupervisorOptions options_;
  Lake* lake_;
  Launcher& launcher_;
  Log& log_;
  ScheduleSeat seat_;
  ClockJumps jumps_;
  Stopping stopping_;
  std::optional<Scheduler> scheduler_;
  std::map<std::int64_t, TickKey> children_;  // by process
  std::vector<EndedProcess> ended_;           // of which the state doesn't know yet
  int running_ = 0;
};

}  // namespace lochan
