// Whether anything was committed at a PostgreSQL server since it was last read, told without reading a table.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/postgres_connection.h"
#include "project/project.h"

namespace lochan {

/// What the server has committed, by its snapshot: the next transaction's number, and which start of which server counted to
/// it. The same text later: nothing was committed in between. Nothing while a transaction is open that began before
/// another ended.
std::optional<std::string> postgres_state(PostgresConnection& connection);

/// The state, where rows of these tables change by commits alone. Nothing for views and foreign tables, whose rows may change
/// by the clock or elsewhere, nor for tables with rules of who sees which row.
std::optional<std::string> postgres_change_mark(PostgresConnection& connection, std::span<const SourceTable* const> tables);

}  // namespace lochan
