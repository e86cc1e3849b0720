#include "model/statements.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/sql.h"
#include "engine/compaction.h"
#include "engine/lake_type.h"

namespace lochan {

std::string lake_name(const Session& session, const Model& model) {
  return sql::identifier(session.lake()) + "." + quoted(model.table);
}

namespace {

std::string partitions_of(const Model& model) {
  std::string partitions;
  for (const LocatedText& partition : model.partition_by) partitions += (partitions.empty() ? "" : ", ") + *partition;
  return partitions;
}

}  // namespace

std::int64_t replace_table(Session& session, const ModelBuildRequest& request, const std::string& select) {
  const std::string name = lake_name(session, request.model);
  // Its layer needs no creating: the layers of a project's tables are there.
  if (request.current) session.execute(fmt::format("drop table {}", name));
  const std::string partitions = partitions_of(request.model);
  const std::string by = partitions.empty() ? "" : fmt::format(" partitioned by ({})", partitions);
  return session.execute(fmt::format("create table {}{} as {}", name, by, select), request.parameters);
}

bool compact_table(Session& session, const ModelBuildRequest& request) {
  return !request.is_immutable && compact(session, lake_name(session, request.model), partitions_of(request.model));
}

std::string in_lake_types(Session& session, const ModelBuildRequest& request) {
  const auto fits = [](const Column& column) { return lake_type(column.type) == column.type; };
  if (!request.columns.empty() && std::ranges::all_of(request.columns, fits)) return request.select;
  return select_for_lake(request.select, session.describe(request.select, request.parameters));
}

void stage(Session& session, const ModelBuildRequest& request) {
  session.execute(fmt::format("create or replace temp table lochan_new as {}", in_lake_types(session, request)), request.parameters);
}

void require_same_columns(const ModelBuildRequest& request, const std::vector<Column>& columns) {
  const std::string name = to_string(request.model.table);
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorKind::Data, what)
        .at(request.model.position)
        .hint(fmt::format("build it anew: lochan run --full-refresh --select {}", name));
  };
  std::vector<std::string> there, now;
  for (const Column& column : request.current->columns) there.push_back(column.name);
  for (const Column& column : columns) now.push_back(column.name);
  if (there != now)
    refuse(fmt::format("`{}` has the columns {}, and its SQL now gives {}", name, fmt::join(there, ", "), fmt::join(now, ", ")));
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (const std::string& type = request.current->columns[i].type; type != columns[i].type)
      refuse(fmt::format("`{}` of `{}` is {}, and its SQL now gives {}", columns[i].name, name, type, columns[i].type));
}

}  // namespace lochan
