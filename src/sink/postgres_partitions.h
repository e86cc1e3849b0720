// A partitioned table at a PostgreSQL target: its partitions by year, month or day, made as rows come that need them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/postgres_connection.h"
#include "base/postgres_name.h"
#include "engine/session.h"
#include "project/project.h"
#include "project/range_partition.h"

namespace lochan {

/// As `partition_by` of the sink's table says it; nothing for a plain table.
std::optional<RangePartition> range_partition_of(const SinkTable& table);

/// `partition by range ("dt")`.
std::string partition_clause(const RangePartition& by);

/// Makes what is missing of the partitions that `rows` of the engine, whose column is of `type` there, fall into. To
/// the connection's open transaction. Throws Error{Data} for a column that is no date.
void make_partitions(PostgresConnection& connection, const PostgresName& table, const RangePartition& by,
                     const std::string& type, Session& session, const std::string& rows);

}  // namespace lochan
