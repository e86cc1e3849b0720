// How a supervisor starts processes for ticks, and learns of their ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/subprocess.h"
#include "run/ticks.h"

namespace lochan {

struct EndedProcess {
  std::int64_t process = 0;
  ExitStatus status;
  std::string last_words;  // the last line that it wrote, if any
};

/// Used by one thread at a time.
class Launcher {
 public:
  virtual ~Launcher() = default;
  /// Starts this program for a tick, with these arguments; returns the process' id. Throws Error when none can be.
  virtual std::int64_t start(const TickKey& tick, const std::vector<std::string>& arguments) = 0;
  /// Those of `start` that ended since the last call.
  virtual std::vector<EndedProcess> take_ended() = 0;
  /// Whether a process that somebody started for the tick still runs.
  virtual bool is_alive(const TickKey& tick, std::int64_t process) = 0;
  /// How long that process has run, whatever the clock was set to meanwhile; nothing when it doesn't.
  virtual std::optional<std::chrono::seconds> age(const TickKey& tick, std::int64_t process) = 0;
  virtual void signal(const TickKey& tick, std::int64_t process, int number) = 0;
};

}  // namespace lochan
