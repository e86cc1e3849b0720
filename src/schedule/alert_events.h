// What happened that somebody may want to be told of, found in the rows of runs and ticks that nobody has looked at
// yet.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "project/project.h"
#include "run/journal.h"
#include "run/ticks.h"

namespace lochan {

/// One thing that fails.
struct Trouble {
  AlertEvent event = AlertEvent::Failed;
  std::string subject;   // "step:mart.sales", "check:mart.sales/unique_id", "schedule:shops"
  std::string headline;  // "`mart.sales` failed"
  std::string reason;    // may have several lines
  std::string way;       // of failing: the same for what is the same
};

/// What one run, or one tick, tells.
struct Happening {
  std::string key;  // "run-42"
  Instant at{};
  std::int64_t run = 0;  // 0: none
  std::string schedule;  // "": started by hand
  std::vector<Trouble> troubles;
  std::function<bool(const std::string& subject)> is_well;
  std::vector<TableName> tables;  // that failed or were held back by a check
  std::vector<std::string> look;  // commands to look closer
};

/// `was_seen` of a row is written in the transaction that `take` runs in, so each is taken once.
class AlertEvents {
 public:
  explicit AlertEvents(Database& state) : state_(state), journal_(state), ticks_(state) {}

  /// Whether some row waits to be looked at.
  bool has_new() const;
  /// Takes the oldest rows, at most so many of runs and as many of ticks; `take` is called for each. Returns 0 when there
  /// were no more than that.
  int collect(int most, const std::function<void(const Happening&)>& take);

 private:
  int collect_runs(int most, const std::function<void(const Happening&)>& take);
  int collect_ticks(int most, const std::function<void(const Happening&)>& take);
  Happening of_run(const RunRecord& run) const;
  Happening of_tick(const Tick& tick) const;

  Database& state_;
  Journal journal_;
  Ticks ticks_;
};

/// The same for errors that differ in numbers only.
std::string way_of_failing(std::string_view error);

}  // namespace lochan
