#include "source/http_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/postgres_connection.h"
#include "base/text.h"

namespace lochan {
namespace {

PostgresRows ask_database(const HttpRows& rows, std::function<bool()> is_stopped) {
  try {
    PostgresConnection database(rows.connection->location, rows.connection->name);
    database.stop_when(std::move(is_stopped));
    PostgresRows answer;
    database.transaction([&] { answer = database.query(*rows.query); }, "begin read only");
    return answer;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Unavailable || error.position().is_known()) throw;
    throw Error(error.kind(), error.message()).at(rows.query.position).hint(error.hint());
  }
}

// Where each needed column stands among those of the answer.
std::vector<std::size_t> places_of(const std::vector<std::string>& needed, const std::vector<std::string>& given,
                                   const HttpRows& rows) {
  std::vector<std::size_t> places;
  for (const std::string& column : needed) {
    const auto found = std::ranges::find(given, column);
    if (found == given.end())
      throw Error(ErrorKind::Data, fmt::format("the query gives no column `{}`, which is asked by", column))
          .at(rows.query.position)
          .hint(text::did_you_mean(column, given, fmt::format("it gives {}", fmt::join(given, ", "))));
    places.push_back(static_cast<std::size_t>(found - given.begin()));
  }
  return places;
}

}  // namespace

std::vector<ParentRecord> rows_to_ask(const SourceTable& table, std::function<bool()> is_stopped) {
  const HttpRows& rows = *table.request->each_row;
  const PostgresRows answer = ask_database(rows, std::move(is_stopped));
  const std::vector<std::string> needed = parent_columns(*table.request);
  const std::vector<std::size_t> places = places_of(needed, answer.columns, rows);
  std::set<ParentRecord> records;
  for (const auto& row : answer.rows) {
    ParentRecord record;
    for (std::size_t i = 0; i < needed.size(); ++i)
      if (const PostgresValue& value = row[places[i]]) record[needed[i]] = *value;
    if (record.size() == needed.size()) records.insert(std::move(record));
  }
  return {records.begin(), records.end()};
}

}  // namespace lochan
