#include "model/model_build.h"

#include "base/error.h"
#include "model/statements.h"

namespace lochan {

namespace {

ModelBuilt build(Session& session, const ModelBuildRequest& request) {
  switch (request.model.materialized) {
    case Materialization::Table: return build_table(session, request);
    case Materialization::Append: return build_append(session, request);
    case Materialization::Incremental:
      return request.model.time ? build_by_time(session, request) : build_incremental(session, request);
    case Materialization::Scd2: return build_scd2(session, request);
    case Materialization::View: return {};  // rows of the catalog alone
    case Materialization::MaterializedView: return {};  // only in a database
  }
  return {};
}

}  // namespace

ModelBuilt build_model(Session& session, const ModelBuildRequest& request) {
  try {
    if (request.quarantine.rules.empty() && !request.quarantine.has_log) return build(session, request);
    return build_in_quarantine(session, request, [&](const ModelBuildRequest& sound) { return build(session, sound); });
  } catch (Error& error) {
    error.at({request.model.file, 0, 0});
    throw;
  }
}

}  // namespace lochan
