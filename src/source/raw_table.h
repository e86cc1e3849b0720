// A raw table: the source's columns and those that say how a row came in.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "engine/engine.h"
#include "source/load.h"

namespace lochan {

inline constexpr std::string_view kRawPartition = "dt";

/// Makes the table where it is missing, widens columns, adds those that are new at the source, and returns these. Throws Error{Data} for a
/// column whose type changed or whose name is one of ours.
std::vector<std::string> prepare_raw_table(Session& session, const SourceTable& table, std::span<const Column> source_columns,
                                           const std::optional<Entry>& current);

/// Whether a column of the lake may become of that type with all its values: whole and real numbers, and exact ones with more digits.
bool is_wider_type(const std::string& than, const std::string& type);

/// `"lake_3"."raw"."sale"`.
std::string raw_name(const Session& session, const SourceTable& table);

}  // namespace lochan
