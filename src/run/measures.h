// Sums over all runs there ever were, kept as rows of the state: the journal forgets old runs, counters don't.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/migration.h"
#include "project/project.h"

namespace lochan {

struct Measure {
  std::string name;           // "rows_read", "step_seconds"
  std::string first, second;  // its labels; "" where it has none
  double value = 0;
};

/// The upper bounds of the histograms, in seconds.
std::span<const double> measure_buckets();

/// Reads and writes rows; holds nothing.
class Measures {
 public:
  static std::span<const Migration> migrations();
  explicit Measures(Database& state) : state_(state) {}

  /// Takes in the runs and ticks that have ended since, each once; at most so many of each, the oldest first. Returns
  /// how many.
  int take_in(int most);
  std::vector<Measure> all() const;
  /// They were found to be up to date, without a run of theirs.
  void note_fresh(std::span<const TableName> tables, Instant at);
  void add(const Measure& measure);
  /// Of a value that doesn't add up: it becomes this, unless it is larger.
  void raise(const Measure& measure);

 private:
  int take_in_runs(int most);
  int take_in_ticks(int most);

  Database& state_;
};

}  // namespace lochan
