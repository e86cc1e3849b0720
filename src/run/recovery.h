// A run is alive while its process holds the lock of its file. Whoever comes next marks dead runs, drops their branches
// and releases their claims: there is nothing else to repair.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/file.h"
#include "catalog/catalog.h"

namespace lochan {

/// `.lochan/runs/42.lock`
std::filesystem::path run_lock_path(const std::filesystem::path& home, std::int64_t run);

/// The runs that were found dead. Safe when several processes do it at once.
std::vector<std::int64_t> recover_dead_runs(Database& state, Catalog& catalog, const std::filesystem::path& home,
                                            Instant now);

}  // namespace lochan
