// A materialized view in PostgreSQL: made when its query is new, else refreshed, concurrently where a unique index lets
// readers go on. The time that it says of itself must then have moved.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "model/postgres_build.h"

namespace lochan {
namespace {

using Values = std::vector<PostgresValue>;

constexpr std::string_view kRefreshedAt = "last_refresh_date";

// The column that says when it was refreshed; "" when it has none.
std::string time_column(const PostgresWork& work) {
  const auto& named = work.model.database->refreshed_at;
  const std::string name = named ? **named : std::string(kRefreshedAt);
  const auto columns = columns_of(work.connection, work.there->id);
  if (std::ranges::find(columns, name, &Column::name) != columns.end()) return name;
  if (named)
    throw Error(ErrorKind::Data,
                fmt::format("`{}` has no column `{}` that says when it was refreshed", work.name.text(), name))
        .at(named->position.is_known() ? named->position : work.model.position)
        .hint("let its query select `now() as last_refresh_date`, or name the column in `refreshed_at`");
  return "";
}

PostgresValue newest(const PostgresWork& work, const std::string& column) {
  return work.connection.query(fmt::format("select max({})::text from {}", sql::identifier(column), work.name.quoted()))
      .rows[0][0];
}

void require_moved(const PostgresWork& work, const std::string& column, const PostgresValue& before) {
  const PostgresValue after = newest(work, column);
  const bool has_moved =
      after &&
      (!before ||
       work.connection.query("select $1::timestamptz < $2::timestamptz", Values{before, after}).value() == "t");
  if (has_moved) return;
  // One without rows says nothing of itself.
  if (!after &&
      work.connection.query(fmt::format("select not exists (select 1 from {})", work.name.quoted())).value() == "t")
    return;
  throw Error(ErrorKind::Unavailable,
              fmt::format("NotAllViewsRefreshed: `{}` was refreshed, and its `{}` is {}, as before", work.name.text(),
                          column, after.value_or("null")))
      .hint("its query must give the time of the refresh there, such as `now()`");
}

bool may_go_on(const PostgresWork& work) {
  return work.connection
             .query(
                 "select c.relispopulated and exists (select 1 from pg_index i where i.indrelid = c.oid and "
                 "i.indisunique and "
                 "i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null) from pg_class c where "
                 "c.oid = $1::oid",
                 Values{work.there->id})
             .value() == "t";
}

bool is_populated(const PostgresWork& work) {
  return work.connection.query("select relispopulated from pg_class where oid = $1::oid", Values{work.there->id})
             .value() == "t";
}

void refresh(PostgresWork& work) {
  const std::string column = time_column(work);
  const bool is_known = !column.empty() && is_populated(work);
  const PostgresValue before = is_known ? newest(work, column) : std::nullopt;
  work.connection.execute(
      fmt::format("refresh materialized view {}{}", may_go_on(work) ? "concurrently " : "", work.name.quoted()));
  if (!column.empty()) require_moved(work, column, before);
  work.built.rows_written =
      std::stoll(work.connection.query(fmt::format("select count(*) from {}", work.name.quoted())).value());
}

}  // namespace

void build_postgres_materialized_view(PostgresWork& work) {
  PostgresConnection& connection = work.connection;
  work.built.changed = true;
  const bool is_foreign = work.model.database->is_foreign;
  if (!is_foreign && (work.rebuild || work.there == nullptr || work.there->kind != 'm')) {
    work.built.rows_written =
        connection.execute(fmt::format("create materialized view {} as {}", work.beside().quoted(), work.sql));
    TargetTable(connection, work.beside(), 'm').declare({}, work.declared());
    work.request.audit(work.beside());
    return take_its_place(work, 'm');
  }
  if (!is_foreign) TargetTable(connection, work.name, 'm').declare(work.before(), work.declared());
  refresh(work);
  work.request.audit(work.name);
}

}  // namespace lochan
