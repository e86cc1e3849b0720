// Commands as the plan sees them: the tables around each, and the fingerprint by which it is known to have changed.
#pragma once

#include "plan/analysis.h"

namespace lochan {

/// Throws Error{Unavailable} when a file of the project that it names can't be read.
AnalysedCommand analyse_command(const Project& project, const CommandConfig& command);

/// The columns that a command says an output has, of types that the lake has.
std::vector<Column> declared_columns(const CommandOutput& output);

}  // namespace lochan
