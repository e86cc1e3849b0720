#include "source/postgres_change_mark.h"

#include <fmt/format.h>

#include <string>
#include <tuple>
#include <vector>

#include "source/postgres_catalog.h"

namespace lochan {
namespace {

// A snapshot's upper end is the number after the highest that has ended; its lower end is the lowest that is still open. Where
// both are one, all below have ended, and whatever ends later moves it on. Another server, and the same one after a restore, has
// another start; a number alone could be counted to twice.
constexpr std::string_view kState =
    "select s::text || ' ' || extract(epoch from pg_postmaster_start_time())::text from txid_current_snapshot() s "
    "where txid_snapshot_xmin(s) = txid_snapshot_xmax(s)";

}  // namespace

std::optional<std::string> postgres_state(PostgresConnection& connection) {
  const PostgresRows rows = connection.query(kState);
  return rows.empty() ? std::nullopt : rows.rows[0].at(0);
}

std::optional<std::string> postgres_change_mark(PostgresConnection& connection, std::span<const SourceTable* const> tables) {
  if (tables.empty()) return std::nullopt;
  std::vector<std::string> names;
  for (const SourceTable* table : tables) names.push_back(table->from);
  const PostgresValue wanted = postgres_texts(names);
  // In one statement, so of one snapshot: what the tables become after it moves the state on.
  const PostgresRows rows = connection.query(
      fmt::format("{}, family(oid) as (select oid from found union select i.inhrelid from pg_inherits i join family f "
                  "on i.inhparent = f.oid) "
                  "select ({}), (select count(*) from found), exists (select from family join pg_class c using (oid) "
                  "where c.relkind not in ('r', 'p', 'm') or c.relrowsecurity)",
                  with_found_postgres_tables(), kState),
      {&wanted, 1});
  const auto& [state, found, moves_otherwise] = std::tie(rows.rows.at(0).at(0), rows.rows[0].at(1), rows.rows[0].at(2));
  if (found != std::to_string(names.size()) || moves_otherwise != "f") return std::nullopt;
  return state;
}

}  // namespace lochan
