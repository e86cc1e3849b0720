#include "simulate/dvd_rental.h"

#include <fmt/format.h>

#include <charconv>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/sql.h"
#include "base/text.h"
#include "simulate/dvd_day.h"
#include "simulate/dvd_rows.h"
#include "simulate/dvd_schema.h"

namespace lochan {
namespace {

void copy_rows(PostgresConnection& connection, const std::string& table, const DvdTableRows& rows) {
  connection.begin_copy(fmt::format("copy {} ({}) from stdin", table, rows.columns));
  connection.send_copy(rows.text);
  if (connection.finish_copy() != rows.count)
    throw Error(ErrorKind::Internal, fmt::format("`{}` has not all its rows", table));
}

// Keys are given by the sequences from here on.
void set_sequence(PostgresConnection& connection, const std::string& table) {
  const std::string sequence = fmt::format("pg_get_serial_sequence('dvd_rental.{}', '{}_id')", table, table);
  connection.execute(fmt::format("select setval({}, (select max({}_id) from {})) where {} is not null", sequence, table,
                                 table, sequence));
}

std::string make_sample(PostgresConnection& connection, std::uint64_t seed) {
  make_dvd_schema(connection);
  // Before the rows, or the films would have to be written twice: the text that is searched.
  connection.execute(
      "create trigger film_fulltext_made before insert on film for each row execute function "
      "tsvector_update_trigger('fulltext', 'pg_catalog.english', 'title', 'description')");
  std::int64_t count = 0;
  for (const auto& [table, rows] : make_dvd_rows(seed)) {
    copy_rows(connection, table, rows);
    if (table != "film_actor" && table != "film_category") set_sequence(connection, table);
    count += rows.count;
  }
  connection.execute("drop trigger film_fulltext_made on film");
  finish_dvd_schema(connection);
  return fmt::format("made `dvd_rental` and `v_dvd_rental`: {} tables, {}, until {}", dvd_tables().size(),
                     text::plural(count, "row"), dvd_date(kDvdLastDay));
}

// Its days are looked at within the transaction, so a day is never written twice.
std::string mix(PostgresConnection& connection, std::uint64_t seed, DvdDay day) {
  if (day == kDvdNextDay) day = last_dvd_day(connection) + std::chrono::days{1};
  if (has_dvd_day(connection, day)) return fmt::format("{} is there already: nothing to do", dvd_date(day));
  if (const DvdDay last = last_dvd_day(connection); day <= last)
    throw Error(ErrorKind::Data,
                fmt::format("{} can't be mixed in: the rental has gone on to {}", dvd_date(day), dvd_date(last)))
        .hint(fmt::format("days are added at the end: `--mix-day {}`", dvd_date(last + std::chrono::days{1})));
  const DvdDayCounts counts = write_dvd_day(connection, seed, day);
  return fmt::format("{}: {}, {}, {}, {}", dvd_date(day), text::plural(counts.rented, "rental"),
                     text::plural(counts.returned, "return"), text::plural(counts.paid, "payment"),
                     text::plural(counts.customers, "new customer"));
}

}  // namespace

DvdDay parse_dvd_day(std::string_view text) {
  if (text == "next") return kDvdNextDay;
  int year = 0;
  unsigned month = 0, day = 0;
  const char* const end = text.data() + text.size();
  const auto read = [&](std::size_t at, std::size_t length, auto& value) {
    const char* const stop = text.data() + at + length;
    return stop <= end && std::from_chars(text.data() + at, stop, value).ptr == stop;
  };
  const bool is_shaped = text.size() == 10 && text[0] != '-' && text[4] == '-' && text[7] == '-';
  const bool is_read = is_shaped && read(0, 4, year) && read(5, 2, month) && read(8, 2, day);
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  if (!is_read || !date.ok())
    throw Error(ErrorKind::Usage, fmt::format("`{}` is not a day", text)).hint("write it as 2026-04-03, or `next`");
  return date;
}

void simulate_dvd_rental(PostgresConnection& connection, std::uint64_t seed, std::optional<DvdDay> day, Log& log) {
  std::vector<std::string> done;  // told when it is committed
  connection.transaction([&] {
    // One at a time in a database.
    connection.query("select pg_advisory_xact_lock(hashtext('lochan simulate dvd_rental'))");
    std::string schema = find_dvd_schema(connection);
    if (schema.empty()) {
      done.push_back(make_sample(connection, seed));
      schema = "dvd_rental";
    } else {
      if (add_coordinates(connection, schema))
        done.push_back("gave the cities columns for longitude and latitude, which are empty");
      if (!day) done.push_back(fmt::format("`{}` has the sample already: nothing to do", schema));
    }
    if (!day) return;
    connection.execute(fmt::format("set local search_path to {}", sql::identifier(schema)));
    done.push_back(mix(connection, seed, *day));
  });
  for (const std::string& line : done) log.write(LogLevel::Info, line);
}

}  // namespace lochan
