// `--help`: what a command is for, examples to copy, then its options.
#pragma once

#include <span>
#include <string>

#include "cli/command.h"

namespace lochan {

std::string program_help(std::span<const CommandKind> kinds, const CLI::App& top);
/// `app` is the command, or a command of it.
std::string command_help(const CommandKind& kind, const CLI::App& app);

}  // namespace lochan
