#include "source/postgres_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace lochan {
namespace {

constexpr std::int64_t kPagesOfPart = 4096;  // 32 MB
constexpr int kRangesOfCtid = 140000;        // since this version a range of ctid reads only its pages

bool has_own_rows(const PostgresTable& table) { return table.kind == 'r' || table.kind == 'p' || table.kind == 'm'; }

// The table, its partitions and what inherits from it.
std::string family(const PostgresTable& table) {
  return fmt::format(
      "with recursive family as (select {}::oid as oid union select i.inhrelid from pg_inherits i join family f on i.inhparent = f.oid) ",
      table.oid);
}

std::int64_t number(const PostgresValue& value) {
  std::int64_t result = 0;
  if (value) std::from_chars(value->data(), value->data() + value->size(), result);
  return result;
}

}  // namespace

void lock_postgres_table(PostgresConnection& connection, const PostgresTable& table) {
  if (table.kind != 'r' && table.kind != 'p') return;
  connection.execute(fmt::format("lock table {} in access share mode", table.quoted()));
  // The catalog is read as of the snapshot; the function says what is there now.
  const PostgresRows moved = connection.query(
      family(table) +
      "select 1 from family f join pg_class c using (oid) where c.relfilenode <> 0 and c.relfilenode is distinct from "
      "pg_relation_filenode(c.oid) limit 1");
  if (moved.empty()) return;
  throw Error(ErrorKind::Unavailable, fmt::format("`{}` was rewritten or emptied just when it was to be read", table.shown())).hint("try again");
}

std::vector<std::string> split_postgres_table(PostgresSnapshot& snapshot, const PostgresTable& table) {
  if (!has_own_rows(table) || snapshot.version() < kRangesOfCtid) return {""};
  const PostgresRows sizes = snapshot.connection().query(
      family(table) +
      "select max(pages), sum(pages), bool_or(relkind = 'f') from (select c.relkind, pg_relation_size(c.oid) / "
      "current_setting('block_size')::int as pages from family f join pg_class c using (oid)) s");
  const std::int64_t largest = number(sizes.rows.at(0).at(0));
  const std::int64_t parts = (number(sizes.rows[0].at(1)) + kPagesOfPart - 1) / kPagesOfPart;
  // Pages of a foreign table are not ours to count.
  if (parts <= 1 || sizes.rows[0].at(2) == "t") return {""};
  const std::int64_t step = (largest + parts - 1) / parts;
  std::vector<std::string> conditions;
  for (std::int64_t page = 0; page < largest; page += step) {
    const std::string from = fmt::format("ctid >= '({},0)'", page);
    // Pages that were added since hold nothing that the snapshot sees, but the last range is open all the same.
    conditions.push_back(page + step < largest ? fmt::format("{} and ctid < '({},0)'", from, page + step) : from);
  }
  return conditions;
}

}  // namespace lochan
