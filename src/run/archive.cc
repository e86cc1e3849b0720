#include "run/archive.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/sql.h"
#include "base/text.h"
#include "run/aging.h"

namespace lochan {
namespace fs = std::filesystem;
using Json = nlohmann::json;
namespace {

void sync_file(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw_file_error("sync", path, errno);
  const int failed = ::fsync(file) == 0 ? 0 : errno;
  ::close(file);
  if (failed != 0) throw_file_error("sync", path, failed);
}

Json to_json(const ArchivedPartition& partition) {
  Json columns = Json::array();
  for (const Column& column : partition.columns) columns.push_back({{"name", column.name}, {"type", column.type}});
  return {{"table", to_string(partition.table)}, {"partition", {{"dt", partition.day}}},
          {"columns", std::move(columns)},       {"rows", partition.rows},
          {"file", partition.file},              {"bytes", partition.size_bytes},
          {"sha256", partition.sha256},          {"archived_at", to_iso8601(partition.archived_at)}};
}

std::string column_list(const std::vector<Column>& columns) {
  std::string list;
  for (const Column& column : columns) list += (list.empty() ? "" : ", ") + sql::identifier(column.name);
  return list;
}

}  // namespace

std::map<std::string, std::string> days_of(const Entry& entry, const char* property) {
  const auto found = entry.properties.find(property);
  if (found == entry.properties.end()) return {};
  const Json days = Json::parse(found->second, nullptr, false);
  if (!days.is_object()) throw Error(ErrorKind::Data, fmt::format("`{}` of `{}` can't be read", property, to_string(entry.table)));
  return days.get<std::map<std::string, std::string>>();
}

std::string days_property(const std::map<std::string, std::string>& days) { return Json(days).dump(); }

std::string day_of(const LakeFile& file, const std::string& part) {
  const auto found = file.partition.find(part);
  std::int64_t days = 0;
  if (found == file.partition.end()) return "";
  const auto [end, failed] = std::from_chars(found->second.data(), found->second.data() + found->second.size(), days);
  if (failed != std::errc() || *end != 0) return "";
  return to_string(Instant(std::chrono::sys_days(std::chrono::days{days}))).substr(0, 10);
}

std::string archive_note(const Entry& entry) {
  const auto days = days_of(entry, kArchivedProperty);
  if (days.empty()) return "";
  return fmt::format("{}: dt {} to {} ({}) is archived: lochan archive restore {}", to_string(entry.table),
                     days.begin()->first, days.rbegin()->first, text::plural(static_cast<std::int64_t>(days.size()), "day"),
                     to_string(entry.table));
}

fs::path Archive::folder_of(const Lake& lake, const std::string& layer) {
  const auto found = lake.project().layers.find(layer);
  const bool is_named = found != lake.project().layers.end() && !found->second.archive.empty();
  return is_named ? found->second.archive : lake.home() / "archive";
}

fs::path Archive::place(const TableName& table, const std::string& day) const {
  return folder_ / table.layer / table.name / ("dt=" + day);
}

ArchivedPartition Archive::store(TendedTable& table, const std::string& day, Instant now) const {
  ArchivedPartition partition{table.entry().table, day, random_uuid().substr(0, 13), table.entry().columns, 0, 0, {}, now};
  const fs::path base = place(partition.table, day) / partition.file;
  partition.file += ".parquet";
  const fs::path file = place(partition.table, day) / partition.file;
  std::error_code failed;
  fs::create_directories(file.parent_path(), failed);
  if (failed) throw_file_error("make", file.parent_path(), failed.value());
  partition.rows = table.execute(
      fmt::format("copy (select * from {{}}) to {} (format parquet, compression zstd)", sql::literal(file.string())));
  sync_file(file);
  partition.size_bytes = fs::file_size(file);
  partition.sha256 = sha256_of_file(file);
  write_file(base.string() + ".json", to_json(partition).dump(2) + "\n", Durability::Synced);
  return partition;
}

ArchivedPartition Archive::describe(const TableName& table, const std::string& day, const std::string& file) const {
  fs::path path = place(table, day) / file;
  path.replace_extension(".json");
  ArchivedPartition partition{table, day, file, {}, 0, 0, {}, {}};
  try {
    const Json json = Json::parse(read_file(path));
    for (const Json& column : json.at("columns")) {
      partition.columns.emplace_back();
      partition.columns.back().name = column.at("name");
      partition.columns.back().type = column.at("type");
    }
    partition.rows = json.at("rows");
    partition.size_bytes = json.at("bytes");
    partition.sha256 = json.at("sha256");
    partition.archived_at = parse_instant(json.at("archived_at").get<std::string>());
  } catch (const Json::exception& failure) {
    throw Error(ErrorKind::Data, fmt::format("{} can't be read: {}", path.string(), failure.what()));
  }
  return partition;
}

fs::path Archive::checked_path(const ArchivedPartition& partition) const {
  const fs::path path = place(partition.table, partition.day) / partition.file;
  if (sha256_of_file(path) != partition.sha256)
    throw Error(ErrorKind::Data, fmt::format("{} is not the file that was archived: its checksum differs", path.string()))
        .hint("put it back from a backup; nothing was restored");
  return path;
}

std::vector<std::string> Archive::files(const TableName& table, const std::string& day) const {
  std::vector<std::string> files;
  std::error_code ignored;
  for (const auto& file : fs::directory_iterator(place(table, day), ignored))
    if (file.path().extension() == ".parquet") files.push_back(file.path().filename().string());
  std::ranges::sort(files);
  return files;
}

std::vector<std::string> Archive::days(const TableName& table) const {
  std::vector<std::string> days;
  std::error_code ignored;
  for (const auto& day : fs::directory_iterator(folder_ / table.layer / table.name, ignored))
    if (const std::string name = day.path().filename().string(); name.starts_with("dt=")) days.push_back(name.substr(3));
  std::ranges::sort(days);
  return days;
}

// The description last: a file without one is a copy that was never named, and is found by its name.
void Archive::remove(const TableName& table, const std::string& day, const std::string& file) const {
  fs::path path = place(table, day) / file;
  std::error_code failed;
  fs::remove(path, failed);
  if (failed) throw_file_error("remove", path, failed.value());
  fs::remove(path.replace_extension(".json"), failed);
  fs::remove(place(table, day), failed);  // when it was the last one
}

namespace {

// Copies of some of a day's rows stay in the table where loads compare with them; the whole day takes their place. Other
// rows of that day came later.
void require_copies(TendedTable& table, const ArchivedPartition& partition, const fs::path& path, bool may_be_copies) {
  const std::string columns = column_list(partition.columns);
  const std::int64_t others = !may_be_copies ? 1 :
      table
          .query(fmt::format("select count(*) from (select {0} from {{}} where dt = date {1} except all select {0} from read_parquet({2}, "
                             "hive_partitioning = false))",
                             columns, sql::literal(partition.day), sql::literal(path.string())))
          .integer();
  if (others == 0) return;
  throw Error(ErrorKind::Data, fmt::format("`{}` has rows of {} again, so bringing the archived ones back would double them",
                                           to_string(partition.table), partition.day))
      .hint("leave that day out: --from and --to");
}

}  // namespace

Restored restore_archived(Lake& lake, const RestoreRequest& request) {
  const auto entry = lake.catalog().find("main", request.table);
  if (!entry) throw Error(ErrorKind::Usage, fmt::format("there is no table `{}`", to_string(request.table)));
  Engine engine(lake.engine_options());
  StartedRun run(lake, {.command = "archive restore", .selection = to_string(request.table), .author = request.author});
  TendedTable table(lake, engine, run, request.table);
  const auto refuse = [&] {
    return Error(ErrorKind::Conflict, fmt::format("a run is writing `{}`", to_string(request.table)))
        .hint("try again when it has ended; nothing was restored");
  };
  if (!table.take(0)) throw refuse();
  const Archive archive(Archive::folder_of(lake, request.table.layer));
  auto archived = days_of(table.entry(), kArchivedProperty);
  auto restored = days_of(table.entry(), kRestoredProperty);
  std::vector<LakeFile> files = table.files();
  const auto aging = aging_of(lake.project(), request.table);
  const std::string part = identity_partition(lake.catalog(), table.entry(), "dt");
  Restored outcome;
  for (const auto& [day, file] : std::map(archived)) {
    if ((!request.from.empty() && day < request.from) || (!request.to.empty() && day > request.to)) continue;
    const ArchivedPartition partition = archive.describe(request.table, day, file);
    const fs::path path = archive.checked_path(partition);
    const auto is_of_day = [&](const LakeFile& other) { return day_of(other, part) == day; };
    if (std::ranges::any_of(files, is_of_day)) {
      // Where rows are added to old days, one that equals an archived row may be another one.
      require_copies(table, partition, path, aging && aging->is_raw);
      files = table.files();
      std::erase_if(files, is_of_day);
      table.set_files(files, "delete");
    }
    const std::string columns = column_list(partition.columns);
    const std::int64_t rows =
        table.execute(fmt::format("insert into {{}} ({}) select {} from read_parquet({})", columns, columns,
                                  sql::literal(path.string())));
    if (rows != partition.rows)
      throw Error(ErrorKind::Data, fmt::format("{} rows of {} were archived, and {} came back", partition.rows, day, rows));
    archived.erase(day);
    restored[day] = to_iso8601(lake.clock().now() + request.stay);
    outcome.rows += rows;
    outcome.partitions.push_back(partition);
  }
  if (!outcome.partitions.empty()) {
    table.set_files(table.files(), "overwrite");
    std::map<std::string, std::string> properties{{kArchivedProperty, days_property(archived)}, {kRestoredProperty, days_property(restored)}};
    if (archived.empty()) properties[kReachProperty] = reach_property({});
    outcome.publication = table.publish({.table = request.table, .properties = std::move(properties), .data_unchanged = true},
                                        "archive restore " + to_string(request.table));
    if (!outcome.publication) throw refuse();
  }
  run.close(RunState::Succeeded, outcome.publication.value_or(0),
            fmt::format("restored {}", text::plural(static_cast<std::int64_t>(outcome.partitions.size()), "day")));
  return outcome;
}

}  // namespace lochan
