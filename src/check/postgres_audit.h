// Checks of a table in PostgreSQL, run there: a model's audits, within the transaction that makes it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/postgres_connection.h"
#include "base/postgres_name.h"
#include "check/check.h"

namespace lochan {

/// PostgreSQL's SQL for the rows that fail; `run_at` is the time by which a table is fresh. Throws Error{Project} for a
/// check whose settings are wrong.
std::string postgres_failing_rows(const CheckConfig& config, const PostgresName& made, const std::string& run_at);

/// `table` is what results call it. A check that PostgreSQL refuses has its error in the result; it throws
/// Error{Unavailable}.
std::vector<CheckResult> audit_in_postgres(PostgresConnection& connection, const TableName& table,
                                           const PostgresName& made, std::span<const CheckConfig> configs,
                                           const std::string& run_at);

}  // namespace lochan
