#include "run/migrate_copy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/sql.h"

namespace lochan {
namespace {

constexpr std::size_t kBatchBytes = 1 << 18;

// As the target has them: text of both types reads the same then.
std::vector<std::string> expressions(const std::vector<CarriedColumn>& columns, const char* after) {
  std::vector<std::string> list;
  for (const CarriedColumn& column : columns) {
    const std::string name = sql::identifier(column.name);
    list.push_back((column.cast.empty() ? name : fmt::format("{}::{}", name, column.cast)) + after);
  }
  return list;
}

std::vector<std::string> names(const std::vector<CarriedColumn>& columns) {
  std::vector<std::string> list;
  for (const CarriedColumn& column : columns) list.push_back(sql::identifier(column.name));
  return list;
}

}  // namespace

RowsDigest digest_rows(PostgresConnection& connection, const std::string& table,
                       const std::vector<CarriedColumn>& columns) {
  const PostgresRows answer = connection.query(fmt::format(
      "select count(*), coalesce(sum(('x' || left(md5(row({})::text), 16))::bit(64)::bigint::numeric), 0) from {}",
      fmt::join(expressions(columns, "::text"), ", "), table));
  return {std::stoll(answer.value()), *answer.rows[0][1]};
}

std::int64_t copy_rows(PostgresConnection& source, const std::string& from, PostgresConnection& target,
                       const std::string& to, const std::vector<CarriedColumn>& columns,
                       const std::function<void(std::int64_t)>& tell) {
  // Text, which reads the same in every version; the binary form of an array of an enum names the type by its number.
  source.begin_read(fmt::format("copy (select {} from {}) to stdout", fmt::join(expressions(columns, ""), ", "), from));
  target.begin_copy(fmt::format("copy {} ({}) from stdin", to, fmt::join(names(columns), ", ")));
  std::int64_t rows = 0;
  try {
    std::string batch;
    const auto send = [&] {
      target.send_copy(batch);
      batch.clear();
      tell(rows);
    };
    while (const auto line = source.read_copy()) {  // a message is a row
      batch += *line;
      ++rows;
      if (batch.size() >= kBatchBytes) send();
    }
    if (!batch.empty()) send();
  } catch (...) {
    target.cancel_copy();
    throw;
  }
  const std::int64_t written = target.finish_copy();
  if (written != rows)
    throw Error(ErrorKind::Data, fmt::format("{} has taken {} of {} rows", to, written, rows))
        .hint("a trigger or a rule of the target refuses some");
  return rows;
}

}  // namespace lochan
