// materialized: append. What the SQL gives is added; nothing that is there is touched.
#include <fmt/format.h>

#include "model/statements.h"

namespace lochan {

ModelBuilt build_append(Session& session, const ModelBuildRequest& request) {
  ModelBuilt built;
  if (request.rebuild || !request.current) {
    built.rows_written = replace_table(session, request, request.select);
    return built;
  }
  require_same_columns(request, session.describe(request.select, request.parameters));
  // Into memory first (or the spill folder): an insert of nothing would still be a commit.
  session.execute(fmt::format("create or replace temp table lochan_new as {}", request.select), request.parameters);
  const std::int64_t rows = session.query("select count(*) from lochan_new").integer();
  if (rows > 0)
    built.rows_written =
        session.execute(fmt::format("insert into {} select * from lochan_new", lake_name(session, request.model)));
  session.execute("drop table lochan_new");
  built.changed = rows > 0;
  return built;
}

}  // namespace lochan
