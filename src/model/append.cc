// materialized: append. What the SQL gives is added; nothing that is there is touched.
#include <fmt/format.h>

#include "model/statements.h"

namespace lochan {

ModelBuilt build_append(Session& session, const ModelBuildRequest& request) {
  ModelBuilt built;
  if (request.rebuild || !request.current) {
    built.rows_written = replace_table(session, request, in_lake_types(session, request));
    return built;
  }
  // First beside the lake: it may read its own table, and an insert of nothing would be asked of the catalog in vain.
  stage(session, request);
  require_same_columns(request, session.describe("select * from lochan_new"));
  const std::int64_t rows = session.query("select count(*) from lochan_new").integer();
  if (rows > 0)
    built.rows_written =
        session.execute(fmt::format("insert into {} select * from lochan_new", lake_name(session, request.model)));
  session.execute("drop table lochan_new");
  built.changed = rows > 0;
  if (built.changed) built.rewritten = compact_table(session, request);
  return built;
}

}  // namespace lochan
