// A migration: tables of one PostgreSQL server and all that belongs to them, brought to another as a run with a
// journal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "run/lake.h"
#include "run/observer.h"
#include "run/run.h"

namespace lochan {

struct MigrateRequest {
  std::filesystem::path file;
  std::string from, to;  // connections of the project
  std::string author;
};

struct MigrateOutcome {
  RunState state = RunState::Failed;
  std::int64_t run = 0;
  std::int64_t rows = 0;  // written by this call
  std::vector<StepReport> steps;
  std::vector<std::string> left_out;  // what doesn't come along, and why
  double seconds = 0;
};

/// Throws Error for what keeps it from starting, with nothing written; what fails in a step is in the outcome. Called
/// again it goes on where it stopped.
MigrateOutcome migrate_tables(Lake& lake, const MigrateRequest& request, Observer& observer, std::stop_token stop);

}  // namespace lochan
