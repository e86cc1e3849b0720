// Tending's claims, which give way: whoever claims such a table takes it over (see claims.cc).
#pragma once

#include <optional>
#include <span>
#include <string>

#include "catalog/catalog.h"

namespace lochan {

/// As `Catalog::claim`, until a run wants one of the tables. Ask `holds_claim` before publishing, in the publishing
/// transaction.
std::optional<Catalog::Claimed> claim_until_wanted(Catalog& catalog, std::int64_t run, const std::string& target,
                                                   std::span<const TableName> tables);
bool holds_claim(Catalog& catalog, std::int64_t run, const std::string& target, const TableName& table);

/// Whether the project makes it, or the log of what it refuses of it: then nobody writes it without a claim.
bool is_project_table(Catalog& catalog, const TableName& table);

}  // namespace lochan
