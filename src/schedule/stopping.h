// Ends what was started for ticks, more firmly each time: asks its run, as `lochan cancel` does, then its process by
// SIGTERM, and ends that by force in the end.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/database.h"
#include "schedule/clock_jumps.h"
#include "schedule/launcher.h"

namespace lochan {

/// Used by one thread at a time. What it was asked is forgotten with it: who comes next begins by asking, too.
class Stopping {
 public:
  /// From one step to a firmer one.
  static constexpr std::chrono::seconds kGrace{20};

  /// The launcher must outlive it.
  Stopping(Launcher& launcher, Uptime uptime) : launcher_(launcher), uptime_(std::move(uptime)) {}

  /// Asks the run of the tick to end, the first time; takes the next step when a grace has passed since the last one,
  /// and else does nothing. `by` is who cancels it.
  void press(Database& state, const Tick& tick, std::int64_t process, const std::string& by, Instant now);
  /// All others have ended.
  void keep_only(const std::vector<Tick>& open);

 private:
  enum class Step { Cancel, Terminate, Kill };
  struct Asked {
    Step step;
    std::chrono::microseconds at;  // by uptime
  };
  void take(Step step, Database& state, const Tick& tick, std::int64_t process, const std::string& by, Instant now);

  Launcher& launcher_;
  const Uptime uptime_;
  std::map<TickKey, Asked> asked_;
};

}  // namespace lochan
