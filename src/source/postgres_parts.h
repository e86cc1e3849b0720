// A large table of PostgreSQL in parts, to be read side by side.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "source/postgres_catalog.h"
#include "source/postgres_snapshot.h"

namespace lochan {

/// The pages of a table and its partitions.
struct PostgresExtent {
  std::int64_t largest = 0;  // of one of them
  std::int64_t pages = 0;    // of all
  bool is_ours = true;       // none is a foreign table, whose pages can't be counted
};

/// Keeps others from rewriting or emptying these tables to the transaction's end; returns the extents of those with rows of their
/// own, by oid. Throws Error{Unavailable} when one was rewritten since the snapshot was taken: rows then seem to be gone that
/// are not.
std::map<std::string, PostgresExtent> lock_postgres_tables(PostgresConnection& connection, std::span<const PostgresTable* const> tables);

/// Conditions of which each row meets exactly one: ranges of `ctid`; one empty condition for what is small.
/// Of a table with partitions each condition holds for so much of every partition. `version` is the server's.
std::vector<std::string> split_postgres_table(const PostgresExtent& extent, int version);

}  // namespace lochan
