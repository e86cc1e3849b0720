// The engine's rows in PostgreSQL's binary COPY format, as they come: no answer is too large.
// https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format"
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "engine/session.h"

namespace lochan {

/// Calls `send` in this thread with parts of what `select` gives, header and trailer too. What `send` throws ends the
/// query, and the session with it.
void stream_binary_rows(Session& session, const std::string& select, const std::function<void(std::string_view)>& send);

}  // namespace lochan
