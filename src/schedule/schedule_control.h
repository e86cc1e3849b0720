// What people say to schedules at run time: rest, go on, now. Rows only; whoever serves acts on them within a second.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "run/lake.h"
#include "run/ticks.h"

namespace lochan {

struct ScheduleStatus {
  const ScheduleConfig* config = nullptr;
  bool is_paused = false;
  std::optional<Instant> next{};  // by its calendar; none for one that waits for tables
  std::string next_text;          // in its time zone
  std::optional<Tick> last{};     // its newest tick
  std::optional<Tick> last_run{};
  std::vector<Tick> open{};
};

class ScheduleControl {
 public:
  explicit ScheduleControl(Lake& lake) : lake_(lake) {}

  /// In the project's order.
  std::vector<ScheduleStatus> list() const;
  /// All throw Error{Usage} with the nearest name for a schedule that the project hasn't.
  void pause(const std::string& name, bool is_paused);
  /// What it holds now begins, whatever failed before.
  void release(const std::string& name);
  /// A tick that is due now.
  Tick trigger(const std::string& name);

 private:
  const ScheduleConfig& find(const std::string& name) const;
  void require_row(const ScheduleConfig& config);

  Lake& lake_;
};

}  // namespace lochan
