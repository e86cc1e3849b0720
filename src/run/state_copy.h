// The state's rows as a text, and back: what a backup keeps of the state, whichever database holds it.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/database.h"
#include "base/migration.h"

namespace lochan {

/// The tables that the migrations make, in their order.
std::vector<std::string> state_tables(std::span<const Migration> migrations);

/// The rows that belong to the lake at `publication`, and at the tagged ones: its entries, the journal, marks, schedules;
/// not what belongs to processes that run now (claims, readers), nor branches. Call it inside Database::write: it is one
/// state of all tables. JSON lines.
std::string copy_state(Database& state, std::span<const Migration> migrations, std::int64_t publication);

/// Throws Error{Conflict} when it has runs or publications.
void require_empty_state(Database& state);

/// Puts them into an empty database, which gets the schema that they had, then today's; in one transaction. Throws
/// Error{Conflict} when the state isn't empty, Error{Data} for what can't be read or is of a newer Lochan.
void restore_state(Database& state, std::span<const Migration> migrations, std::string_view copy);

}  // namespace lochan
