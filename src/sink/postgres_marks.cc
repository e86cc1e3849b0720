#include "sink/postgres_marks.h"

#include <fmt/format.h>

#include <vector>

#include "base/sql.h"

namespace lochan {
namespace {

using Values = std::vector<PostgresValue>;

constexpr std::string_view kColumns =
    "target, project, sink, source, data_version, publication, loaded_at, rows, identity, declarations";

}  // namespace

void require_schema(PostgresConnection& connection, const std::string& schema) {
  if (connection.query("select 1 from pg_namespace where nspname = $1", Values{schema}).empty())
    connection.execute("create schema " + sql::identifier(schema));
}

PostgresMarks::PostgresMarks(PostgresConnection& connection, std::string schema)
    : connection_(connection), table_(sql::identifier(schema) + ".lochan_mark") {
  // Another run's sink may take as long as it likes; the run's timeout counts.
  connection_.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", Values{"lochan sink " + schema});
  connection_.execute("set local lock_timeout = '30s'");
  require_schema(connection_, schema);
  if (connection_.query("select to_regclass($1)", Values{table_}).rows[0][0]) return;
  connection_.execute(fmt::format(
      "create table {} (target text primary key, project text not null, sink text not null, source text not null, "
      "data_version text not null, publication bigint not null, loaded_at text not null, rows bigint not null, "
      "identity text not null, declarations text not null, at timestamptz not null default now())",
      table_));
  connection_.execute(fmt::format(
      "comment on table {} is 'Which publication of the lake the tables hold. Written by Lochan: leave it alone.'", table_));
}

std::optional<PostgresMark> PostgresMarks::find(const std::string& target) const {
  const auto rows =
      connection_.query(fmt::format("select {} from {} where target = $1", kColumns, table_), Values{target});
  if (rows.empty()) return std::nullopt;
  const auto& row = rows.rows[0];
  return PostgresMark{*row[0], *row[1], *row[2], *row[3], *row[4], std::stoll(*row[5]), *row[6], std::stoll(*row[7]),
                      *row[8], *row[9]};
}

void PostgresMarks::save(const PostgresMark& mark) {
  connection_.execute(
      fmt::format("insert into {} ({}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (target) do update set "
                  "project = $2, sink = $3, source = $4, data_version = $5, publication = $6, loaded_at = $7, rows = $8, "
                  "identity = $9, declarations = $10, at = now()",
                  table_, kColumns),
      Values{mark.target, mark.project, mark.sink, mark.source, mark.data_version, std::to_string(mark.publication),
             mark.loaded_at, std::to_string(mark.rows), mark.identity, mark.declarations});
}

}  // namespace lochan
