#include "source/postgres_parts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace lochan {
namespace {

constexpr std::int64_t kPagesOfPart = 4096;  // 32 MB
constexpr int kRangesOfCtid = 140000;        // since this version a range of ctid reads only its pages

bool has_own_rows(const PostgresTable& table) { return table.kind == 'r' || table.kind == 'p' || table.kind == 'm'; }
bool can_be_locked(const PostgresTable& table) { return table.kind == 'r' || table.kind == 'p'; }

std::int64_t number(const PostgresValue& value) {
  std::int64_t result = 0;
  if (value) std::from_chars(value->data(), value->data() + value->size(), result);
  return result;
}

}  // namespace

std::map<std::string, PostgresExtent> lock_postgres_tables(PostgresConnection& connection,
                                                           std::span<const PostgresTable* const> tables) {
  std::vector<std::string> locked, looked_at;
  for (const PostgresTable* table : tables) {
    if (can_be_locked(*table)) locked.push_back(table->quoted());
    if (has_own_rows(*table)) looked_at.push_back(fmt::format("({}::oid)", table->oid));
  }
  std::map<std::string, PostgresExtent> extents;
  if (looked_at.empty()) return extents;
  if (!locked.empty()) connection.execute(fmt::format("lock table {} in access share mode", fmt::join(locked, ", ")));
  // Each with its partitions and what inherits from it. The catalog is read as of the snapshot; the functions say what
  // is there now.
  const PostgresRows rows = connection.query(fmt::format(
      "with recursive family(root, oid) as (select t.oid, t.oid from (values {}) t(oid) union "
      "select f.root, i.inhrelid from pg_inherits i join family f on i.inhparent = f.oid) "
      "select root, bool_or(c.relfilenode <> 0 and c.relfilenode is distinct from pg_relation_filenode(c.oid)), "
      "max(pg_relation_size(c.oid) / current_setting('block_size')::int), "
      "sum(pg_relation_size(c.oid) / current_setting('block_size')::int), bool_or(c.relkind = 'f') "
      "from family join pg_class c using (oid) group by root",
      fmt::join(looked_at, ", ")));
  for (const auto& row : rows.rows) {
    const auto table = std::ranges::find_if(tables, [&](const PostgresTable* one) { return one->oid == row.at(0); });
    if (table == tables.end()) continue;
    if (can_be_locked(**table) && row.at(1) == "t")
      throw Error(ErrorKind::Unavailable,
                  fmt::format("`{}` was rewritten or emptied just when it was to be read", (*table)->shown()))
          .hint("try again");
    extents[(*table)->oid] = {number(row.at(2)), number(row.at(3)), row.at(4) != "t"};
  }
  return extents;
}

std::vector<std::string> split_postgres_table(const PostgresExtent& extent, int version) {
  const std::int64_t parts = (extent.pages + kPagesOfPart - 1) / kPagesOfPart;
  if (parts <= 1 || !extent.is_ours || version < kRangesOfCtid) return {""};
  const std::int64_t step = (extent.largest + parts - 1) / parts;
  std::vector<std::string> conditions;
  for (std::int64_t page = 0; page < extent.largest; page += step) {
    const std::string from = fmt::format("ctid >= '({},0)'", page);
    // Pages that were added since hold nothing that the snapshot sees, but the last range is open all the same.
    conditions.push_back(page + step < extent.largest ? fmt::format("{} and ctid < '({},0)'", from, page + step)
                                                      : from);
  }
  return conditions;
}

}  // namespace lochan
