#include "model/model_build.h"

#include "base/error.h"
#include "model/statements.h"

namespace lochan {

ModelBuilt build_model(Session& session, const ModelBuildRequest& request) {
  try {
    switch (request.model.materialized) {
      case Materialization::Table: return build_table(session, request);
      case Materialization::Append: return build_append(session, request);
      case Materialization::Incremental:
        return request.model.time ? build_by_time(session, request) : build_incremental(session, request);
      case Materialization::Scd2: return build_scd2(session, request);
      case Materialization::View: return {};  // rows of the catalog alone
    }
  } catch (Error& error) {
    error.at({request.model.file, 0, 0});
    throw;
  }
  return {};
}

}  // namespace lochan
