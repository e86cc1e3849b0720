#include "run/archive_restore.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/sql.h"
#include "base/text.h"
#include "run/aging.h"

namespace lochan {
namespace fs = std::filesystem;
namespace {

std::string column_list(const std::vector<Column>& columns) {
  std::string list;
  for (const Column& column : columns) list += (list.empty() ? "" : ", ") + sql::identifier(column.name);
  return list;
}

// Copies of some of a day's rows stay in the table where loads compare with them; the whole day takes their place.
// Other rows of that day came later.
void require_copies(TendedTable& table, const ArchivedPartition& partition, const fs::path& path, bool may_be_copies) {
  const std::string columns = column_list(partition.columns);
  const std::int64_t others =
      !may_be_copies ? 1
                     : table
                           .query(fmt::format("select count(*) from (select {0} from {{}} where dt = date {1} except "
                                              "all select {0} from read_parquet({2}, "
                                              "hive_partitioning = false))",
                                              columns, sql::literal(partition.day), sql::literal(path.string())))
                           .integer();
  if (others == 0) return;
  throw Error(ErrorKind::Data,
              fmt::format("`{}` has rows of {} again, so bringing the archived ones back would double them",
                          to_string(partition.table), partition.day))
      .hint("leave that day out: --from and --to");
}

bool is_asked_for(const RestoreRequest& request, const std::string& day) {
  return (request.from.empty() || day >= request.from) && (request.to.empty() || day <= request.to);
}

// All that rests is asked for at once, so that all of it can be read at about the same time.
RestingDays wake_days(Archive& archive, const Entry& entry, const RestoreRequest& request) {
  RestingDays days;
  days.copies_stay_days = std::max(1, static_cast<int>(std::chrono::ceil<std::chrono::days>(request.stay).count()));
  for (const auto& [day, file] : days_of(entry, kArchivedProperty)) {
    if (!is_asked_for(request, day)) continue;
    const ObjectRest object = archive.rest(request.table, day, file);
    if (object.rest == Rest::Awake) continue;
    days.storage_class = object.storage_class;
    if (object.rest == Rest::Waking) {
      days.awaited.push_back(day);
      continue;
    }
    if (request.tier == RetrievalTier::Expedited && object.storage_class == "DEEP_ARCHIVE")
      throw Error(ErrorKind::Usage, fmt::format("{} of {} rests in DEEP_ARCHIVE, out of which nothing is expedited",
                                                day, to_string(request.table)))
          .hint("leave `--tier` out (12 hours), or give `bulk` (48 hours, cheaper)");
    archive.wake(request.table, day, file, object, days.copies_stay_days, request.tier);
    days.ready_within = waking_time(object, request.tier);
    days.asked.push_back(day);
  }
  return days;
}

/// The table while its days come back.
class Return {
 public:
  Return(Lake& lake, TendedTable& table)
      : table_(table),
        files_(table.files()),
        part_(identity_partition(lake.catalog(), table.entry(), "dt")),
        aging_(aging_of(lake.project(), table.entry().table)) {}

  /// The rows that came.
  std::int64_t bring(Archive& archive, const ArchivedPartition& partition) {
    TemporaryFolder copies;
    const fs::path path = archive.fetch(partition, copies);
    const auto is_of_day = [&](const LakeFile& other) { return day_of(other, part_) == partition.day; };
    if (std::ranges::any_of(files_, is_of_day)) {
      // Where rows are added to old days, one that equals an archived row may be another one.
      require_copies(table_, partition, path, aging_ && aging_->is_raw);
      files_ = table_.files();
      std::erase_if(files_, is_of_day);
      table_.set_files(files_, "delete");
    }
    const std::string columns = column_list(partition.columns);
    const std::int64_t rows = table_.execute(
        fmt::format("insert into {{}} ({0}) select {0} from read_parquet({1}, hive_partitioning = false)", columns,
                    sql::literal(path.string())));
    if (rows != partition.rows)
      throw Error(ErrorKind::Data,
                  fmt::format("{} rows of {} were archived, and {} came back", partition.rows, partition.day, rows));
    return rows;
  }

 private:
  TendedTable& table_;
  std::vector<LakeFile> files_;
  const std::string part_;
  const std::optional<Aging> aging_;
};

}  // namespace

Restored restore_archived(Lake& lake, const RestoreRequest& request) {
  const auto entry = lake.catalog().find("main", request.table);
  if (!entry) throw Error(ErrorKind::Usage, fmt::format("there is no table `{}`", to_string(request.table)));
  Archive archive(lake, request.table.layer);
  Restored outcome;
  outcome.resting = wake_days(archive, *entry, request);
  if (!outcome.resting.is_empty()) return outcome;
  Engine engine(lake.engine_options());
  StartedRun run(lake, {.command = "archive restore", .selection = to_string(request.table), .author = request.author});
  TendedTable table(lake, engine, run, request.table);
  const auto refuse = [&] {
    return Error(ErrorKind::Conflict, fmt::format("a run is writing `{}`", to_string(request.table)))
        .hint("try again when it has ended; nothing was restored");
  };
  if (!table.take(0)) throw refuse();
  auto archived = days_of(table.entry(), kArchivedProperty);
  auto restored = days_of(table.entry(), kRestoredProperty);
  Return back(lake, table);
  for (const auto& [day, file] : std::map(archived)) {
    if (!is_asked_for(request, day)) continue;
    const ArchivedPartition partition = archive.describe(request.table, day, file);
    outcome.rows += back.bring(archive, partition);
    archived.erase(day);
    restored[day] = to_iso8601(lake.clock().now() + request.stay);
    outcome.partitions.push_back(partition);
  }
  if (!outcome.partitions.empty()) {
    table.set_files(table.files(), "overwrite");
    std::map<std::string, std::string> properties{{kArchivedProperty, days_property(archived)},
                                                  {kRestoredProperty, days_property(restored)}};
    if (archived.empty()) properties[kReachProperty] = reach_property({});
    outcome.publication =
        table.publish({.table = request.table, .properties = std::move(properties), .data_unchanged = true},
                      "archive restore " + to_string(request.table));
    if (!outcome.publication) throw refuse();
  }
  run.close(RunState::Succeeded, outcome.publication.value_or(0),
            fmt::format("restored {}", text::plural(static_cast<std::int64_t>(outcome.partitions.size()), "day")));
  return outcome;
}

}  // namespace lochan
