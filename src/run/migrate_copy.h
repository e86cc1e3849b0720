// The rows of one table, from one server to the other, and the digest by which both are compared.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/postgres_connection.h"
#include "run/migrate_target.h"

namespace lochan {

/// `table` is quoted. The server computes it.
RowsDigest digest_rows(PostgresConnection& connection, const std::string& table,
                       const std::vector<CarriedColumn>& columns);

/// Within the target's open transaction; returns how many rows were carried. No more than a batch of them is in memory.
/// `tell` is called now and then with the rows so far, and may throw to end it.
std::int64_t copy_rows(PostgresConnection& source, const std::string& from, PostgresConnection& target,
                       const std::string& to, const std::vector<CarriedColumn>& columns,
                       const std::function<void(std::int64_t)>& tell);

}  // namespace lochan
