// The table `lochan_model` in a PostgreSQL schema: how each model there was made, written in the transaction that makes
// it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/postgres_connection.h"
#include "base/postgres_name.h"

namespace lochan {

struct PostgresModelMark {
  std::string project;
  std::string fingerprint;
  std::map<PostgresName, std::string> inputs;  // what it was made from: names and versions, "" where there is none
  std::string version;                         // another one whenever its rows changed; of a view ""
  std::string identity;                        // of the table when this was written
  std::string declarations;                    // of its indexes and grants
  std::string since;                           // when its rows were read, by the database's clock
  std::int64_t run = 0;
};

/// Of all models in these schemas.
std::map<PostgresName, PostgresModelMark> read_model_marks(PostgresConnection& connection,
                                                           const std::set<std::string>& schemas);
/// The data versions of the lake's tables that sinks carried into these schemas, by the sinks' marks.
std::map<PostgresName, std::string> read_carried_versions(PostgresConnection& connection,
                                                          const std::set<std::string>& schemas);

/// Within the open transaction; makes the table if it isn't there.
void save_model_mark(PostgresConnection& connection, const PostgresName& name, const PostgresModelMark& mark);

}  // namespace lochan
