#include "sink/postgres_partitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "base/sql.h"
#include "project/sink_files.h"

namespace lochan {
namespace {

constexpr std::size_t kLongestName = 63;

// `sale_2026_01`; of a long table's name as much as there is room for, told apart by its hash.
std::string partition_name(const std::string& table, const std::string& unit, const std::string& begin) {
  std::string when = begin.substr(0, unit == "year" ? 4 : unit == "month" ? 7 : 10);
  std::ranges::replace(when, '-', '_');
  if (table.size() + 1 + when.size() <= kLongestName) return table + "_" + when;
  return table.substr(0, kLongestName - when.size() - 10) + "_" + sha256(table).substr(0, 8) + "_" + when;
}

}  // namespace

std::optional<RangePartition> range_partition_of(const SinkTable& table) {
  if (!table.files || table.files->partition_by.size() != 1) return std::nullopt;
  return parse_range_partition(*table.files->partition_by[0]);
}

std::string partition_clause(const RangePartition& by) {
  return fmt::format("partition by range ({})", sql::identifier(by.column));
}

void make_partitions(PostgresConnection& connection, const PostgresName& table, const RangePartition& by,
                     const std::string& type, Session& session, const std::string& rows) {
  if (type != "date" && !type.starts_with("timestamp"))
    throw Error(ErrorKind::Data, fmt::format("column `{}` of `{}` is `{}`, and `{}` wants a date or a timestamp",
                                             by.column, table.text(), type, by.unit))
        .hint("cast it in a model, or partition by another column");
  std::set<std::string> there;
  for (const auto& row : connection
                             .query("select p.relname from pg_inherits i join pg_class p on p.oid = i.inhrelid where "
                                    "i.inhparent = $1::regclass",
                                    std::vector<PostgresValue>{table.quoted()})
                             .rows)
    there.insert(*row[0]);
  const std::string column = sql::identifier(by.column);
  const std::string zone = type == "timestamp with time zone" ? " 00:00:00+00" : "";
  const Rows ranges =
      session.query(fmt::format("select cast(begins as varchar), cast(cast(begins + interval 1 {0} as date) as "
                                "varchar) from (select distinct cast(date_trunc('{0}', {1}) "
                                "as date) as begins from {2} where {1} is not null) order by begins",
                                by.unit, column, rows));
  for (const auto& range : ranges.rows) {
    const std::string name = partition_name(table.name, by.unit, *range[0]);
    if (there.contains(name)) continue;
    connection.execute(fmt::format("create table {} partition of {} for values from ({}) to ({})",
                                   PostgresName{table.schema, name}.quoted(), table.quoted(),
                                   sql::literal(*range[0] + zone), sql::literal(*range[1] + zone)));
  }
}

}  // namespace lochan
