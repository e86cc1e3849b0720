// What only models `in:` a database have: where they are made there, and what is made beside them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/postgres_name.h"
#include "project/project.h"

namespace lochan {

struct DatabaseModel {
  std::optional<LocatedText> in;      // the connection
  std::optional<LocatedText> schema;  // there; by default the layer
  std::vector<SinkIndex> indexes;
  std::vector<LocatedText> grants;          // roles that may read it
  std::optional<LocatedText> refreshed_at;  // materialized_view: the column that says when it was refreshed
  std::vector<LocatedText> sources;         // `schema.table`: what it is said to read
  bool is_foreign = false;                  // made by others, and refreshed by us
};

/// Its name in its database.
PostgresName postgres_name(const Model& model);
/// Where a sink's table is at its target; `schema` is the sink's.
PostgresName postgres_name(const SinkConfig& sink, const SinkTable& table);
/// `schema.table`; nothing when the text is no such name.
std::optional<PostgresName> parse_postgres_name(std::string_view text);

}  // namespace lochan
