#include "run/backfills.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "base/text.h"

namespace lochan {
namespace {

constexpr std::array kMigrations = {Migration{"backfill", 1, R"(
create table backfill(
  backfill bigint primary key, target text not null, tables text not null, range_from bigint not null, range_until bigint not null,
  chunk_seconds bigint not null, author text not null, started_at bigint not null, ended_at bigint)
)"}};

constexpr int kKeepEnded = 100;

std::vector<TableName> parse_tables(const std::string& text) {
  std::vector<TableName> tables;
  for (const std::string& name : text::split(text, ' '))
    if (const auto table = parse_table_name(name)) tables.push_back(*table);
  return tables;
}

std::string tables_text(const std::vector<TableName>& tables) {
  std::vector<std::string> names;
  for (const TableName& table : tables) names.push_back(to_string(table));
  return fmt::format("{}", fmt::join(names, " "));
}

}  // namespace

std::span<const Migration> Backfills::migrations() { return kMigrations; }

std::vector<BackfillRecord> Backfills::open() const {
  std::vector<BackfillRecord> records;
  for (const DbRow& row :
       state_.query("select backfill, target, tables, range_from, range_until, chunk_seconds, author, "
                    "started_at from backfill where ended_at is null order by backfill desc"))
    records.push_back({row.integer(0),
                       row.text(1),
                       parse_tables(row.text(2)),
                       {instant_from_micros(row.integer(3)), instant_from_micros(row.integer(4))},
                       std::chrono::seconds{row.integer(5)},
                       row.text(6),
                       instant_from_micros(row.integer(7))});
  return records;
}

std::int64_t Backfills::insert(BackfillRecord record) {
  state_.write([&] {
    record.backfill = state_.query("select coalesce(max(backfill), 0) + 1 from backfill")[0].integer(0);
    state_.execute(
        "insert into backfill(backfill, target, tables, range_from, range_until, chunk_seconds, author, started_at) "
        "values ($1, $2, $3, $4, $5, $6, $7, $8)",
        {record.backfill, record.target, tables_text(record.tables), to_micros(record.range.from),
         to_micros(record.range.until), record.chunk.count(), record.author, to_micros(record.started_at)});
  });
  return record.backfill;
}

void Backfills::finish(std::int64_t backfill, Instant at) {
  state_.write([&] {
    state_.execute("update backfill set ended_at = $1 where backfill = $2", {to_micros(at), backfill});
    state_.execute("delete from backfill where ended_at is not null and backfill <= $1", {backfill - kKeepEnded});
  });
}

TimeRanges backfilled(const Entry& entry, std::int64_t backfill) {
  const auto found = entry.properties.find("lochan.backfill");
  const std::string begin = fmt::format("{} ", backfill);
  if (found == entry.properties.end() || !found->second.starts_with(begin)) return {};
  return parse_intervals(found->second.substr(begin.size()));
}

std::string backfill_property(std::int64_t backfill, const TimeRanges& ranges) {
  return fmt::format("{} {}", backfill, intervals_property(ranges));
}

}  // namespace lochan
