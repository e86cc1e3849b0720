// A large table of PostgreSQL in parts, to be read side by side.
#pragma once

#include <string>
#include <vector>

#include "source/postgres_catalog.h"
#include "source/postgres_snapshot.h"

namespace lochan {

/// Keeps others from rewriting or emptying the table to the transaction's end. Throws Error{Unavailable} when it was
/// rewritten since the snapshot was taken: rows then seem to be gone that are not.
void lock_postgres_table(PostgresConnection& connection, const PostgresTable& table);

/// Conditions of which each row meets exactly one: ranges of `ctid`; one empty condition for what is small or has none.
/// Of a table with partitions each condition holds for so much of every partition.
std::vector<std::string> split_postgres_table(PostgresSnapshot& snapshot, const PostgresTable& table);

}  // namespace lochan
