#include "run/archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/sql.h"
#include "base/text.h"

namespace lochan {
namespace fs = std::filesystem;
using Json = nlohmann::json;
namespace {

Json to_json(const ArchivedPartition& partition) {
  Json columns = Json::array();
  for (const Column& column : partition.columns) columns.push_back({{"name", column.name}, {"type", column.type}});
  return {{"table", to_string(partition.table)},
          {"partition", {{"dt", partition.day}}},
          {"columns", std::move(columns)},
          {"rows", partition.rows},
          {"file", partition.file},
          {"bytes", partition.size_bytes},
          {"sha256", partition.sha256},
          {"archived_at", to_iso8601(partition.archived_at)}};
}

std::string name_of(const TableName& table, const std::string& day, const std::string& file) {
  return fmt::format("{}/{}/dt={}/{}", table.layer, table.name, day, file);
}

std::string description_of(const std::string& file) { return fs::path(file).replace_extension(".json").string(); }

LakePlace place_of(const Lake& lake, const std::string& layer) {
  const auto found = lake.project().layers.find(layer);
  if (found != lake.project().layers.end() && found->second.archive) return *found->second.archive;
  LakePlace place;
  place.location = (lake.home() / "archive").string();
  return place;
}

std::string class_of(const Lake& lake, const std::string& layer) {
  const auto found = lake.project().layers.find(layer);
  return found == lake.project().layers.end() ? "" : found->second.archive_class;
}

ArchivedPartition read_description(const TableName& table, const std::string& day, const std::string& file,
                                   const std::string& text) {
  const Json json = Json::parse(text);
  ArchivedPartition partition{table, day, file, {}, json.at("rows"), json.at("bytes"), json.at("sha256"), {}};
  for (const Json& column : json.at("columns")) {
    partition.columns.emplace_back();
    partition.columns.back().name = column.at("name");
    partition.columns.back().type = column.at("type");
  }
  partition.archived_at = parse_instant(json.at("archived_at").get<std::string>());
  return partition;
}

}  // namespace

std::map<std::string, std::string> days_of(const Entry& entry, const char* property) {
  const auto found = entry.properties.find(property);
  if (found == entry.properties.end()) return {};
  const Json days = Json::parse(found->second, nullptr, false);
  if (!days.is_object())
    throw Error(ErrorKind::Data, fmt::format("`{}` of `{}` can't be read", property, to_string(entry.table)));
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
                     days.begin()->first, days.rbegin()->first,
                     text::plural(static_cast<std::int64_t>(days.size()), "day"), to_string(entry.table));
}

std::string archived_file_of(const std::string& name) {
  constexpr std::size_t kStem = 13;  // 1f0c2a7e-77d1
  const fs::path path(name);
  const bool is_ours = path.stem().string().size() == kStem && name[8] == '-' &&
                       (path.extension() == ".parquet" || path.extension() == ".json");
  return is_ours ? path.stem().string() + ".parquet" : "";
}

Archive::Archive(const Lake& lake, const std::string& layer)
    : place_(place_of(lake, layer)), storage_class_(class_of(lake, layer)), clock_(lake.clock()) {}

Archive::~Archive() = default;

ObjectStore& Archive::objects() {
  if (!objects_)
    objects_ = place_.is_on_s3() ? make_s3_store(place_, clock_, {.storage_class = storage_class_})
                                 : make_local_store(place_.location);
  return *objects_;
}

RestingObjects* Archive::resting() { return dynamic_cast<RestingObjects*>(&objects()); }

// For a bucket the file is made beside, as its checksum is known before it goes there. The description is never put to
// rest: it says what is there.
ArchivedPartition Archive::store(TendedTable& table, const std::string& day, Instant now) {
  ArchivedPartition partition{
      table.entry().table, day, random_uuid().substr(0, 13) + ".parquet", table.entry().columns, 0, 0, {}, now};
  const std::string name = name_of(partition.table, day, partition.file);
  TemporaryFolder beside;
  fs::path file = in_folder(name);
  if (place_.is_on_s3())
    file = beside.path() / partition.file;
  else
    objects().make_folder(fs::path(name).parent_path().string());
  partition.rows = table.execute(
      fmt::format("copy (select * from {{}}) to {} (format parquet, compression zstd)", sql::literal(file.string())));
  partition.size_bytes = fs::file_size(file);
  partition.sha256 = sha256_of_file(file);
  if (place_.is_on_s3()) objects().upload(name, file);
  objects().write(description_of(name), to_json(partition).dump(2) + "\n");
  return partition;
}

void Archive::sync() { objects().sync(); }

ArchivedPartition Archive::describe(const TableName& table, const std::string& day, const std::string& file) {
  const std::string name = description_of(name_of(table, day, file));
  try {
    return read_description(table, day, file, objects().read(name));
  } catch (const Json::exception& failure) {
    throw Error(ErrorKind::Data, fmt::format("{} can't be read: {}", objects().uri(name), failure.what()));
  } catch (const Error& failure) {
    if (failure.kind() != ErrorKind::NotFound) throw;
    throw Error(ErrorKind::NotFound, failure.message())
        .hint(fmt::format("what is archived of {} is looked for where `archive` of its layer says: was that changed? "
                          "put its files there",
                          to_string(table)));
  }
}

fs::path Archive::fetch(const ArchivedPartition& partition, TemporaryFolder& copies) {
  const std::string name = name_of(partition.table, partition.day, partition.file);
  const std::string table = to_string(partition.table);
  fs::path file = in_folder(name);
  if (place_.is_on_s3()) {
    const ObjectRest object = rest(partition.table, partition.day, partition.file);
    if (object.rest != Rest::Awake)
      throw Error(ErrorKind::Data,
                  fmt::format("{} of {} rests in {}, and can't be read {}", partition.day, table, object.storage_class,
                              object.rest == Rest::Waking ? "yet: S3 was asked for it" : "before S3 was asked for it"))
          .hint(fmt::format("lochan archive restore {}, until the days are back", table));
    file = copies.path() / partition.file;
    objects().download(name, file);
  }
  if (sha256_of_file(file) != partition.sha256)
    throw Error(ErrorKind::Data,
                fmt::format("{} is not the file that was archived: its checksum differs", objects().uri(name)))
        .hint("put it back from a backup; nothing was restored");
  return file;
}

ObjectRest Archive::rest(const TableName& table, const std::string& day, const std::string& file) {
  RestingObjects* sleepers = resting();
  return sleepers == nullptr ? ObjectRest{} : sleepers->rest_of_object(name_of(table, day, file));
}

void Archive::wake(const TableName& table, const std::string& day, const std::string& file, const ObjectRest& object,
                   int days, RetrievalTier tier) {
  if (RestingObjects* sleepers = resting()) sleepers->wake(name_of(table, day, file), object, days, tier);
}

std::map<std::string, std::vector<std::string>> Archive::files(const TableName& table) {
  const std::string prefix = name_of(table, "", "").substr(0, name_of(table, "", "").size() - 1);
  std::map<std::string, std::vector<std::string>> days;
  objects().list(prefix, [&](const ObjectInfo& info) {
    const std::string rest = info.name.substr(prefix.size());
    if (const auto slash = rest.find('/'); slash != std::string::npos)
      days[rest.substr(0, slash)].push_back(rest.substr(slash + 1));
  });
  return days;
}

void Archive::remove(const TableName& table, const std::string& day, std::span<const std::string> files) {
  std::vector<std::string> names;
  for (const std::string& file : files) names.push_back(name_of(table, day, file));
  objects().remove(names);
  std::error_code ignored;
  if (!place_.is_on_s3())
    fs::remove(in_folder(name_of(table, day, "")).parent_path(), ignored);  // when it was the last one
}

}  // namespace lochan
