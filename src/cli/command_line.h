// The command line: global options, the table of commands, help, and what to answer to a word it doesn't know.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "cli/command.h"
#include "cli/terminal.h"

namespace lochan {

struct CommandLine {
  std::unique_ptr<Command> command;  // none: `text` is the answer
  std::string folder;                // -C
  TerminalOptions terminal;
  std::string text;  // help, or the version
};

/// Throws Error{Usage} with the nearest name for an unknown command or option.
CommandLine parse_command_line(std::span<const CommandKind> kinds, int argc, const char* const* argv);

}  // namespace lochan
