// The project's files as they were when they were taken into service: runs that are started read these, so that a file
// somebody is in the middle of editing breaks no run.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "project/read_project.h"

namespace lochan {

/// Writes the files that were read to `.lochan/serve/<digest of them>`, but for `.env`, whose values are secrets; the
/// same files have the same folder. Throws Error when it can't be written.
std::filesystem::path write_project_copy(const ReadProject& read, const std::filesystem::path& home);

/// What a process that is to read that copy must find in its environment: where it is, and what `.env` said.
std::map<std::string, std::string> copy_environment(const ReadProject& read, const std::filesystem::path& copy);

/// Removes copies of former files, but for `current` and young ones: a run that has just been started reads one.
void remove_old_copies(const std::filesystem::path& home, const std::filesystem::path& current);

}  // namespace lochan
