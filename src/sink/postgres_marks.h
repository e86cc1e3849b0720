// The table `lochan_mark` at a PostgreSQL target: what each table of a sink holds, written in the transaction that
// writes the rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/postgres_connection.h"

namespace lochan {

struct PostgresMark {
  std::string target;  // `"dwh"."product"`
  std::string project;
  std::string sink;
  std::string source;  // the lake's table
  std::string data_version;
  std::int64_t publication = 0;
  std::string loaded_at;     // of a table that is a log by it: read on from here
  std::int64_t rows = 0;     // of such a table
  std::string identity;      // of the target when this was written
  std::string declarations;  // what was declared of it
};

class PostgresMarks {
 public:
  /// The connection's transaction is open: from here to its end no other sink writes to this schema. Makes the schema
  /// and the table if they aren't there.
  PostgresMarks(PostgresConnection& connection, std::string schema);

  std::optional<PostgresMark> find(const std::string& target) const;
  void save(const PostgresMark& mark);

 private:
  PostgresConnection& connection_;
  std::string table_;
};

/// Makes the schema if it isn't there.
void require_schema(PostgresConnection& connection, const std::string& schema);

}  // namespace lochan
