// materialized: table. Made whole each time.
#include "model/statements.h"

namespace lochan {

ModelBuilt build_table(Session& session, const ModelBuildRequest& request) {
  ModelBuilt built;
  built.rows_written = replace_table(session, request, in_lake_types(session, request));
  return built;
}

}  // namespace lochan
