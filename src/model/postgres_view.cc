// A view in PostgreSQL: put in place without a gap where its columns allow it; else dropped and made, with the views
// that read it.
#include <fmt/format.h>

#include "base/error.h"
#include "model/postgres_build.h"

namespace lochan {
namespace {

// Whether PostgreSQL let it be replaced: columns may only be added at the end.
bool replace(PostgresWork& work) {
  PostgresConnection& connection = work.connection;
  connection.execute("savepoint lochan_view");
  try {
    connection.execute(fmt::format("create or replace view {} as {}", work.name.quoted(), work.sql));
    connection.execute("release savepoint lochan_view");
    return true;
  } catch (const Error& error) {
    if (!connection.is_open() || connection.last_code() != "42P16") throw;
    connection.execute("rollback to savepoint lochan_view; release savepoint lochan_view");
    return false;
  }
}

}  // namespace

void build_postgres_view(PostgresWork& work) {
  PostgresConnection& connection = work.connection;
  const bool is_view = work.there != nullptr && work.there->kind == 'v';
  if (work.there == nullptr || !is_view || !replace(work)) {
    std::vector<std::string> grants;
    std::optional<DependentViews> views;
    if (work.there != nullptr) {
      grants = grants_of(connection, work.there->id, work.name);
      views.emplace(connection, work.there->id).drop();
      connection.execute(fmt::format("drop {} {}", kind_word(work.there->kind), work.name.quoted()));
    }
    connection.execute(fmt::format("create view {} as {}", work.name.quoted(), work.sql));
    for (const std::string& grant : grants) connection.execute(grant);
    if (views) put_back(work, *views);
  }
  TargetTable made(connection, work.name, 'v');
  made.declare(work.before(), work.declared());
  made.declare({}, work.declared());  // those too that were lost by hand
  work.request.audit(work.name);
  work.built.changed = true;
}

}  // namespace lochan
