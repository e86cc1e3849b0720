// Tables in PostgreSQL: made whole under another name, audited, and put in place; or, by key, with the rows that are
// new.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "model/postgres_build.h"

namespace lochan {
namespace {

std::vector<std::string> names_of(const std::vector<Column>& columns) {
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  return names;
}

// Rows that move into the table that hangs on to what a swap would lose.
void fill(PostgresWork& work) {
  PostgresConnection& connection = work.connection;
  const std::string columns = sql::identifiers(names_of(work.columns));
  work.built.rows_removed = connection.execute(fmt::format("delete from {}", work.name.quoted()));
  connection.execute(fmt::format("insert into {} ({}) select {} from {}", work.name.quoted(), columns, columns,
                                 work.beside().quoted()));
  connection.execute(fmt::format("drop table {}", work.beside().quoted()));
  TargetTable(connection, work.name).declare(work.before(), work.declared());
}

// "set a = excluded.a, b = excluded.b where …", for rows that differ; of a table that is all key, nothing.
std::string update_clause(const PostgresWork& work) {
  std::vector<std::string> sets, ours, theirs;
  for (const Column& column : work.columns) {
    if (std::ranges::find(work.model.key, column.name, &LocatedText::value) != work.model.key.end()) continue;
    const std::string name = sql::identifier(column.name);
    sets.push_back(fmt::format("{0} = excluded.{0}", name));
    ours.push_back("target." + name);
    theirs.push_back("excluded." + name);
  }
  if (sets.empty()) return "do nothing";
  // As text: not every type can be compared.
  return fmt::format("do update set {} where row({})::text is distinct from row({})::text", fmt::join(sets, ", "),
                     fmt::join(ours, ", "), fmt::join(theirs, ", "));
}

}  // namespace

void build_postgres_table(PostgresWork& work) {
  PostgresConnection& connection = work.connection;
  work.built.rows_written = connection.execute(fmt::format("create table {} as {}", work.beside().quoted(), work.sql));
  work.built.changed = true;
  TargetTable made(connection, work.beside());
  made.declare({}, work.declared());
  work.request.audit(work.beside());
  const bool is_table = work.there != nullptr && work.there->kind == 'r';
  if (is_table && columns_of(connection, work.there->id) == work.columns &&
      !TargetTable(connection, work.name).may_be_swapped(work.before(), work.declared()))
    return fill(work);
  take_its_place(work, 'r');
}

void build_postgres_incremental(PostgresWork& work) {
  PostgresConnection& connection = work.connection;
  if (work.rebuild || work.there == nullptr || work.there->kind != 'r') return build_postgres_table(work);
  TargetTable target(connection, work.name);
  target.declare(work.before(), work.declared());
  connection.execute(fmt::format("create temporary table lochan_stage on commit drop as {}", work.sql));
  if (columns_of(connection, connection.query("select 'pg_temp.lochan_stage'::regclass::oid").value()) !=
      columns_of(connection, work.there->id)) {
    // An input's columns moved under a `select *`.
    connection.execute("drop table pg_temp.lochan_stage");
    throw Error(ErrorKind::Data,
                fmt::format("the columns of `{}` are other ones than those of its query now", work.name.text()))
        .hint(fmt::format("lochan run --select {} --full-refresh", to_string(work.model.table)));
  }
  std::vector<std::string> key;
  for (const LocatedText& column : work.model.key) key.push_back(*column);
  const std::string columns = sql::identifiers(names_of(work.columns));
  work.built.rows_written = connection.execute(
      fmt::format("insert into {} as target ({}) select {} from pg_temp.lochan_stage on conflict ({}) {}",
                  work.name.quoted(), columns, columns, sql::identifiers(key), update_clause(work)));
  work.built.changed = work.built.rows_written > 0;
  connection.execute("drop table pg_temp.lochan_stage");
  work.request.audit(work.name);
}

}  // namespace lochan
