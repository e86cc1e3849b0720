// Programs that a run started and that outlive it: its process was killed, and what its programs had started themselves went
// on. They are known by marks in their environment, which whatever they start inherits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace lochan {

/// Variables for the programs of a run: `LOCHAN_RUN` and `LOCHAN_HOME`, which together no other run has.
std::map<std::string, std::string> program_marks(const std::filesystem::path& home, std::int64_t run);

/// Kills the processes of this user that have a run's marks, and returns how many there were.
int kill_leftovers(const std::filesystem::path& home, std::int64_t run);

}  // namespace lochan
