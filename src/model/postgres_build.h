// Makes one model in PostgreSQL: the database runs its SQL. What is made, how it was made and the audits of it are one
// transaction, so a reader there sees the old table or the new one, and a crash leaves the old one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/postgres_connection.h"
#include "model/postgres_dependents.h"
#include "model/postgres_models.h"
#include "sink/postgres_table.h"

namespace lochan {

struct PostgresBuildRequest {
  const Project& project;
  const DatabaseNames& names;
  const Model& model;
  bool full_refresh = false;
  std::int64_t run = 0;
  std::string run_at;
  /// Throws when what was made may not stay.
  std::function<void(const PostgresName& made)> audit;
};

struct PostgresBuilt {
  bool changed = false;
  std::string reason;  // why it was made; "" when it was up to date
  std::int64_t rows_written = 0;
  std::int64_t rows_removed = 0;
};

/// Waits for others that make the same one. Throws Error{Unavailable} "NotAllViewsRefreshed" when a materialized view
/// was refreshed and its time didn't move.
PostgresBuilt build_in_postgres(PostgresConnection& connection, const PostgresBuildRequest& request);

/// What the materializations work with, within the open transaction.
struct PostgresWork {
  PostgresConnection& connection;
  const PostgresBuildRequest& request;
  const Model& model;
  PostgresName name;
  const PostgresRelation* there = nullptr;
  const PostgresModelMark* mark = nullptr;
  std::string sql{};
  std::vector<Column> columns{};  // that the query gives
  bool rebuild = false;
  PostgresBuilt built{};

  Declarations before() const;  // of what is there
  Declarations declared() const;
  /// While it is made.
  PostgresName beside() const { return {name.schema, name.name + "__lochan"}; }
};

void build_postgres_view(PostgresWork& work);
void build_postgres_table(PostgresWork& work);
void build_postgres_incremental(PostgresWork& work);
void build_postgres_materialized_view(PostgresWork& work);

/// Puts what was made beside it in the place of what is there, with the views that read that.
void take_its_place(PostgresWork& work, char kind);
/// Makes views again that were taken away.
void put_back(PostgresWork& work, DependentViews& views);

}  // namespace lochan
