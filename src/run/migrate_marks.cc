#include "run/migrate_marks.h"

#include <fmt/format.h>

#include "base/sql.h"

namespace lochan {
namespace {

std::string marks_of(const std::string& schema) { return sql::identifier(schema) + ".lochan_migration"; }

}  // namespace

bool MigrateMarks::is_in(const std::string& schema) const {
  const std::vector<PostgresValue> values = {marks_of(schema)};
  return target_.query("select to_regclass($1) is not null", values).value() == "t";
}

void MigrateMarks::make(const std::string& schema) {
  target_.execute(
      fmt::format("create table if not exists {} (name text primary key, from_connection text not null, schema_in text "
                  "not null, is_made boolean not null, "
                  "rows bigint, checksum text, run bigint not null, copied_at timestamptz, finished_at timestamptz)",
                  marks_of(schema)));
}

std::optional<MigrateMark> MigrateMarks::find(const MigratedTable& table) const {
  const std::vector<PostgresValue> values = {table.name};
  const PostgresRows rows = target_.query(fmt::format("select from_connection, schema_in, is_made, rows, checksum, "
                                                      "finished_at is not null, run from {} where name = $1",
                                                      marks_of(table.schema_out)),
                                          values);
  if (rows.empty()) return std::nullopt;
  const auto& row = rows.rows[0];
  MigrateMark mark{.from = *row[0],
                   .schema_in = *row[1],
                   .is_made = row[2] == "t",
                   .copied = std::nullopt,
                   .is_finished = row[5] == "t",
                   .run = std::stoll(*row[6])};
  if (row[3] && row[4]) mark.copied = RowsDigest{std::stoll(*row[3]), *row[4]};
  return mark;
}

void MigrateMarks::save_made(const MigratedTable& table, const std::string& from, std::int64_t run) {
  const std::vector<PostgresValue> values = {table.name, from, table.schema_in, std::to_string(run)};
  target_.execute(fmt::format("insert into {} (name, from_connection, schema_in, is_made, run) values ($1, $2, $3, "
                              "true, $4) on conflict (name) do update set "
                              "from_connection = excluded.from_connection, schema_in = excluded.schema_in, is_made = "
                              "true, rows = null, checksum = null, "
                              "run = excluded.run, copied_at = null, finished_at = null",
                              marks_of(table.schema_out)),
                  values);
}

void MigrateMarks::save_copied(const MigratedTable& table, const std::string& from, const RowsDigest& rows,
                               std::int64_t run) {
  const std::vector<PostgresValue> values = {
      table.name, from, table.schema_in, std::to_string(rows.rows), rows.checksum, std::to_string(run)};
  target_.execute(fmt::format("insert into {} (name, from_connection, schema_in, is_made, rows, checksum, run, "
                              "copied_at) values ($1, $2, $3, false, $4, $5, $6, now()) "
                              "on conflict (name) do update set from_connection = excluded.from_connection, schema_in "
                              "= excluded.schema_in, rows = excluded.rows, "
                              "checksum = excluded.checksum, run = excluded.run, copied_at = now(), finished_at = null",
                              marks_of(table.schema_out)),
                  values);
}

void MigrateMarks::save_finished(const MigratedTable& table) {
  const std::vector<PostgresValue> values = {table.name};
  target_.execute(fmt::format("update {} set finished_at = now() where name = $1", marks_of(table.schema_out)), values);
}

}  // namespace lochan
