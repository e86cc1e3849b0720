// One attempt of a command's step: its program is started, heard, and ended with all that it started.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "project/project.h"
#include "run/worker.h"

namespace lochan {

/// What becomes of what a program says.
struct ProgramTalk {
  std::function<void(std::string_view line)> say;
  std::function<std::string(std::string_view text)> mask;  // without secrets
};

/// Returns when the program ended well; what it started and left behind is killed. When the worker's attempt expires, it is
/// asked to end (SIGTERM) and killed after a grace time. Throws Error{Data}, or {Unavailable} for an exit code after which it
/// may be tried again, with the last lines that it said. `environment` is beside the command's own.
void run_program(const CommandConfig& command, std::map<std::string, std::string> environment, Worker& worker,
                 const ProgramTalk& talk);

}  // namespace lochan
