// What commands about branches share: finding one by name, and dropping it.
#pragma once

#include <string>

#include "catalog/catalog.h"

namespace lochan {

/// An open or failed branch. Throws Error{Usage} with the nearest name.
Branch find_branch(const Catalog& catalog, const std::string& name);

/// Throws Error{Conflict} when a run is writing on it.
void drop_branch(Catalog& catalog, const std::string& name);

}  // namespace lochan
