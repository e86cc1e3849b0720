// What the materializations share: a table of the lake made anew, and how it is named.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "model/model_build.h"

namespace lochan {

/// `"lake_3"."mart"."sales"`.
std::string lake_name(const Session& session, const Model& model);

/// Drops what is there, if anything, and creates the table from `select`, whose columns have types of the lake: on the
/// branch that is a replace. Returns the rows written. Two transactions; the branch shows neither to anyone.
std::int64_t replace_table(Session& session, const ModelBuildRequest& request, const std::string& select);

/// After rows were added or merged: writes the table anew when its files have become too many. Says whether it did.
bool compact_table(Session& session, const ModelBuildRequest& request);

/// The model's select, with the types of the lake.
std::string in_lake_types(Session& session, const ModelBuildRequest& request);

/// What the select gives, in the temporary table `lochan_new`: in memory, or in the spill folder.
void stage(Session& session, const ModelBuildRequest& request);

/// Throws Error{Data} when names, order or types of `columns` are not those of the table that is there.
void require_same_columns(const ModelBuildRequest& request, const std::vector<Column>& columns);

/// Stages what the select gives, puts the rows that a rule refuses aside, has the rest built by `build`, and logs the
/// refused ones: the same for every materialization.
ModelBuilt build_in_quarantine(Session& session, const ModelBuildRequest& request,
                               const std::function<ModelBuilt(const ModelBuildRequest&)>& build);

ModelBuilt build_table(Session& session, const ModelBuildRequest& request);
ModelBuilt build_append(Session& session, const ModelBuildRequest& request);
ModelBuilt build_incremental(Session& session, const ModelBuildRequest& request);
ModelBuilt build_scd2(Session& session, const ModelBuildRequest& request);
ModelBuilt build_by_time(Session& session, const ModelBuildRequest& request);

}  // namespace lochan
