// Replacing a table: creating one on a branch where the branch's parent has one of that name. The answer to the staged
// create looks like a new table; the commit joins it to the old history. Answering with the old schemas made DuckDB
// fail for good, and new field ids without the join made old snapshots read as NULL.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "catalog/table_access.h"

namespace lochan {

/// What the staged create answers: one schema with id 0 whose fields have the ids that the same names have in `base`,
/// one spec and one order under the ids that they will have, no snapshots or logs, the old uuid and
/// `last-sequence-number`.
Json staged_replace(const Json& request, const Json& base, std::int64_t now_ms);

/// The commit of a create that isn't staged.
TableCommit creating_commit(const TableName& table, const Json& staged);

/// What the commit's updates are applied to: the old table without its snapshots. Sealing brings those back.
Json start_replace(const Json& base);

}  // namespace lochan
