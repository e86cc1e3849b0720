// What a table with history must hold, computed from all versions that were ever given, by another method than SQL's:
// key by key, time by time. Times are minutes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "project/project.h"

namespace lochan {

struct Version {
  int id = 0;
  std::optional<std::string> what;  // compared
  int note = 0;                     // compared unless `compare: what`
  int at = 0;                       // updated_at
  int loaded = 0;                   // the load that brought it
  bool deleted = false;
};

struct HistoryRules {
  HistoryDeletes deletes = HistoryDeletes::Close;
  bool compares_all = true;    // else `what` alone
  bool knows_load = true;      // the SELECT gives `_loaded_at`
  bool are_load_marks = true;  // deletions are a load's, and hold from the load on
};

/// `id|what|note|at|loaded|from|to|deleted`, in order of id and from; times as minutes, `-` for none.
std::vector<std::string> expected_history(const std::vector<Version>& versions, const HistoryRules& rules);

/// The minute of a load, as `_loaded_at` has it.
int minute_of_load(int load);

}  // namespace lochan
