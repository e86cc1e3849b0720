// A run is alive while its process holds the lock of its file and, where hosts share the state, its lease. Whoever comes
// next marks dead runs, drops their branches and releases their claims: there is nothing else to repair. What a process
// that only stood still does after that is refused: its branch is dropped, its lease another's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "run/journal.h"
#include "run/lake.h"

namespace lochan {

/// `.lochan/runs/42.lock`
std::filesystem::path run_lock_path(const std::filesystem::path& home, std::int64_t run);

/// Of a row of the journal that says `running`: whether its process is, as far as anybody can tell. Of a run of another
/// host its lease tells.
bool is_alive(Lake& lake, const RunRecord& run);

/// `run-42`
std::string run_lease_name(std::int64_t run);

/// The runs that were found dead, and are marked so. Safe when several processes do it at once.
std::vector<std::int64_t> recover_dead_runs(Lake& lake);

}  // namespace lochan
