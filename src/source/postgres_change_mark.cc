#include "source/postgres_change_mark.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "source/postgres_catalog.h"

namespace lochan {

// A snapshot's upper end is the number after the highest that has ended; its lower end is the lowest that is still open. Where
// both are one, all below have ended, and whatever ends later moves it on. Another server, and the same one after a restore, has
// another start; a number alone could be counted to twice.
std::optional<std::string> postgres_state(PostgresConnection& connection) {
  const PostgresRows rows = connection.query(
      "select s::text || ' ' || extract(epoch from pg_postmaster_start_time())::text from txid_current_snapshot() s "
      "where txid_snapshot_xmin(s) = txid_snapshot_xmax(s)");
  return rows.empty() ? std::nullopt : rows.rows[0].at(0);
}

std::optional<std::string> postgres_change_mark(PostgresConnection& connection, std::span<const SourceTable* const> tables) {
  const auto state = postgres_state(connection);  // first: what the tables become after it moves it on
  if (!state) return std::nullopt;
  std::vector<std::string> oids;
  for (const SourceTable* table : tables) {
    const auto found = find_postgres_table(connection, table->from);
    if (!found) return std::nullopt;
    oids.push_back(fmt::format("({}::oid)", found->oid));
  }
  if (oids.empty()) return std::nullopt;
  const PostgresRows moved_otherwise = connection.query(
      fmt::format("with recursive family(oid) as (select * from (values {}) v union select i.inhrelid from pg_inherits i join family f on "
                  "i.inhparent = f.oid) select 1 from family join pg_class c using (oid) where c.relkind not in ('r', 'p', 'm') or "
                  "c.relrowsecurity limit 1",
                  fmt::join(oids, ", ")));
  return moved_otherwise.empty() ? state : std::nullopt;
}

}  // namespace lochan
