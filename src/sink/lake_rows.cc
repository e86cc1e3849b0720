#include "sink/lake_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/sql.h"
#include "base/text.h"

namespace lochan {

std::vector<std::string> key_of(const CarryTable& table) {
  std::vector<std::string> key, names;
  for (const LocatedText& column : table.table->key) key.push_back(*column);
  if (table.table->write == SinkWrite::Scd2) key.emplace_back("valid_from");
  for (const Column& column : table.columns) names.push_back(column.name);
  for (const std::string& column : key)
    if (std::ranges::find(names, column) == names.end())
      throw Error(ErrorKind::Data, fmt::format("no column `{}` in `{}`", column, to_string(table.table->table)))
          .at(table.table->position)
          .hint(text::did_you_mean(column, names, fmt::format("its columns are {}", fmt::join(names, ", "))));
  return key;
}

std::string same_values(const std::vector<std::string>& columns) {
  std::vector<std::string> same;
  for (const std::string& column : columns)
    same.push_back(fmt::format("n.{0} is not distinct from b.{0}", sql::identifier(column)));
  return fmt::format("{}", fmt::join(same, " and "));
}

std::int64_t count_rows(Session& session, const std::string& rows) {
  return session.query(fmt::format("select count(*) from {}", rows)).integer();
}

bool are_same_rows(Session& session, const std::string& some, const std::string& others) {
  if (count_rows(session, some) != count_rows(session, others)) return false;
  return session
             .query(
                 fmt::format("select count(*) from (select 1 from (from {} except all from {}) limit 1)", some, others))
             .integer() == 0;
}

void refuse_doubles(Session& session, const CarryTable& table, const std::vector<std::string>& key,
                    const std::string& among) {
  const std::string columns = sql::identifiers(key);
  const std::string rows = among.empty()
                               ? fmt::format("{} n", table.rows)
                               : fmt::format("{} n semi join {} b on {}", table.rows, among, same_values(key));
  const Rows found =
      session.query(fmt::format("select {0} from {1} group by {0} having count(*) > 1 limit 1", columns, rows));
  if (found.empty()) return;
  std::vector<std::string> values;
  for (std::size_t at = 0; at < key.size(); ++at)
    values.push_back(fmt::format("{} = {}", key[at], found.rows[0][at].value_or("null")));
  throw Error(ErrorKind::Data,
              fmt::format("two rows of `{}` have the key {}", to_string(table.table->table), fmt::join(values, ", ")))
      .at(table.table->position)
      .hint("check the key by `unique`, or add a column to `key`");
}

Error at_table(Error error, const CarryTable& table) {
  error.at(table.table->position);
  return error;
}

}  // namespace lochan
