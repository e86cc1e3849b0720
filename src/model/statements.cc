#include "model/statements.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/sql.h"
#include "base/text.h"

namespace lochan {

std::string lake_name(const Session& session, const Model& model) {
  return sql::identifier(session.lake()) + "." + quoted(model.table);
}

std::int64_t replace_table(Session& session, const ModelBuildRequest& request, const std::string& select) {
  const std::string name = lake_name(session, request.model);
  if (request.current) {
    session.execute(fmt::format("drop table {}", name));
  } else {
    session.execute(fmt::format("create schema if not exists {}.{}", sql::identifier(session.lake()),
                                sql::identifier(request.model.table.layer)));
  }
  std::string partitions;
  for (const LocatedText& partition : request.model.partition_by) partitions += (partitions.empty() ? "" : ", ") + *partition;
  if (!partitions.empty()) partitions = fmt::format(" partitioned by ({})", partitions);
  return session.execute(fmt::format("create table {}{} as {}", name, partitions, select), request.parameters);
}

void require_same_columns(const ModelBuildRequest& request, const std::vector<Column>& columns) {
  std::vector<std::string> there, now;
  for (const Column& column : request.current->columns) there.push_back(column.name);
  for (const Column& column : columns) now.push_back(column.name);
  if (there == now) return;
  throw Error(ErrorKind::Data, fmt::format("`{}` has the columns {}, and its SQL now gives {}", to_string(request.model.table),
                                           fmt::join(there, ", "), fmt::join(now, ", ")))
      .at(request.model.position)
      .hint(fmt::format("build it anew: lochan run --full-refresh --select {}", to_string(request.model.table)));
}

}  // namespace lochan
