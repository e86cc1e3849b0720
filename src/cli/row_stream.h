// A query's rows as CSV or JSON on standard output, as the engine makes them: no answer is too large.
#pragma once

#include <string>

#include "cli/terminal.h"
#include "engine/engine.h"

namespace lochan {

enum class RowFormat { Csv, Json };

/// `select` is one SELECT. What was printed before an error stays printed.
void stream_rows(Session& session, const std::string& select, RowFormat format, Terminal& terminal);

}  // namespace lochan
