// Incremental models by time, as the plan sees them: what they must say, and which intervals should be there.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plan/analysis.h"
#include "project/time_range.h"

namespace lochan {

/// Incremental, by time.
bool has_intervals(const Model& model);
/// The settings that a fingerprint holds; "" for other models.
std::string interval_settings(const Model& model);

/// Throws Error{Project} when its SQL doesn't name `$since` and `$until`, or a column of time isn't there or has no
/// type of time. `columns` are of all tables that are known.
void check_interval_model(const AnalysedModel& model, const std::map<TableName, std::vector<Column>>& columns);

/// How a model's input is looked through; null for one that `inputs` doesn't name.
const ModelInput* find_input(const Model& model, const TableName& table);
/// An input that doesn't make intervals be built again.
bool is_kept(const ModelInput& input);

/// The intervals that a table was built for.
TimeRanges built_intervals(const Entry& entry);
/// Gaps from the model's first interval to the one that `now` lies in.
TimeRanges missing_intervals(const Model& model, const TimeRanges& built, Instant now);

}  // namespace lochan
