// `system.runs` and its like: rows of the state as tables to query. They are read as they are now, and go as the
// journal rolls over.
#pragma once

#include <memory>

#include "base/database.h"
#include "engine/outside_table.h"
#include "project/system_layer.h"
#include "project/table_name.h"

namespace lochan {

/// The state must outlive it. Throws Error{Usage} with the nearest name for one that there isn't.
std::shared_ptr<OutsideTable> make_system_table(Database& state, const TableName& table);

}  // namespace lochan
