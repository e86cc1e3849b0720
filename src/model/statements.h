// What the materializations share: a table of the lake made anew, and how it is named.
#pragma once

#include <cstdint>
#include <string>

#include "model/model_build.h"

namespace lochan {

/// `"lake_3"."mart"."sales"`.
std::string lake_name(const Session& session, const Model& model);

/// Drops what is there, if anything, and creates the table from `select`: on the branch that is a replace. Returns the rows
/// written. Two transactions, as the engine can't drop and create a name in one; the branch shows neither to anyone.
std::int64_t replace_table(Session& session, const ModelBuildRequest& request, const std::string& select);

/// Throws Error{Data} when the columns of `select` are not those of the table that is there.
void require_same_columns(const ModelBuildRequest& request, const std::vector<Column>& columns);

ModelBuilt build_table(Session& session, const ModelBuildRequest& request);
ModelBuilt build_append(Session& session, const ModelBuildRequest& request);
ModelBuilt build_incremental(Session& session, const ModelBuildRequest& request);

}  // namespace lochan
