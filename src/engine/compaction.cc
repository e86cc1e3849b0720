#include "engine/compaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace lochan {
namespace {

constexpr std::int64_t kSmallRows = 100'000;    // a file of more rows is read about as fast as a part of a bigger one
constexpr std::int64_t kMaxSurplus = 32;
constexpr double kRowsOfAFile = 250;            // that are written in the time that a reader needs to open a file twice
constexpr std::int64_t kDeleteFileWeight = 3;   // it is read, sorted and held against the rows of its data file
constexpr std::int64_t kMaxDeletedPart = 20;    // one row in 20 may be a deleted one,
constexpr std::int64_t kFewDeletedRows = 10'000;  // or so many

}  // namespace

// `content` says EXISTING for data files and POSITION_DELETES for the others; the engine writes no equality deletes.
TableFiles read_table_files(Session& session, const std::string& table) {
  const Rows files = session.query(fmt::format(
      "with file as (select content <> 'POSITION_DELETES' as is_data, record_count as records, "
      "regexp_replace(file_path, '[^/]*$', '') as folder from iceberg_metadata({}) where status <> 'DELETED') "
      "select count(*) filter (is_data and records < {}) - count(distinct folder) filter (is_data and records < {}), "
      "count(*) filter (not is_data), coalesce(sum(records) filter (is_data), 0), "
      "coalesce(sum(records) filter (not is_data), 0) from file",
      table, kSmallRows, kSmallRows));
  return {files.integer(0, 0), files.integer(0, 1), files.integer(0, 2), files.integer(0, 3)};
}

bool is_worth_rewriting(const TableFiles& files) {
  if (files.deleted_rows > std::max(kFewDeletedRows, files.rows / kMaxDeletedPart)) return true;
  const auto by_size = static_cast<std::int64_t>(std::sqrt(static_cast<double>(files.rows) / kRowsOfAFile));
  return files.surplus + files.deletes * kDeleteFileWeight >= std::max(kMaxSurplus, by_size);
}

bool may_be_worth_rewriting(std::int64_t data_files) { return data_files > kMaxSurplus; }

bool compact(Session& session, const std::string& table, const std::string& partitions) {
  if (!is_worth_rewriting(read_table_files(session, table))) return false;
  session.execute(fmt::format("create or replace temp table lochan_rows as select * from {}", table));
  session.execute(fmt::format("drop table {}", table));
  const std::string by = partitions.empty() ? "" : fmt::format(" partitioned by ({})", partitions);
  session.execute(fmt::format("create table {}{} as select * from lochan_rows", table, by));
  session.execute("drop table lochan_rows");
  return true;
}

}  // namespace lochan
