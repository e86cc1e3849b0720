// What a rollback holds, and the code that it holds it from.
#pragma once

#include <map>
#include <string>

#include "catalog/catalog.h"

namespace lochan {

/// The fingerprint of the code that had made what a rollback took back, of each held table: with that code it stays held.
std::map<TableName, std::string> rolled_back_code(Catalog& catalog);

}  // namespace lochan
