// Compaction: a table of the lake is written anew when reading its many small files costs more than that.
#pragma once

#include <cstdint>
#include <string>

#include "engine/session.h"

namespace lochan {

/// What the current snapshot of a table is made of.
struct TableFiles {
  std::int64_t surplus = 0;  // small data files beyond one for each partition: what writing anew would save
  std::int64_t deletes = 0;  // files of positional deletes
  std::int64_t rows = 0;     // in data files, deleted ones too
  std::int64_t deleted_rows = 0;
};

/// Opens the table's manifests: some 15 ms, and more the more there are. `table` is `"lake_3"."raw"."sale"`.
TableFiles read_table_files(Session& session, const std::string& table);

/// Many files, as many more as the table is bigger, or many deleted rows. Each commit of a few rows adds a file that each
/// later reader opens: waiting until the square root of the rows costs least of both together, so a commit is burdened
/// with the square root of the table, never with all of it.
bool is_worth_rewriting(const TableFiles& files);

/// Whether it can be for a table of so many data files, of which no row was deleted.
bool may_be_worth_rewriting(std::int64_t data_files);

/// Drops the table and creates it again with the same rows when that pays; says whether it did. On a branch that is a
/// replace. By way of a temporary table, which spills. `partitions` is `dt, bucket(4, id)` or "". Not within a transaction,
/// as the engine can't drop and create a name in one: an error may leave the table dropped.
bool compact(Session& session, const std::string& table, const std::string& partitions);

}  // namespace lochan
