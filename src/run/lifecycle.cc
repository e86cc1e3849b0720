#include "run/lifecycle.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "catalog/retention.h"

namespace lochan {
namespace {

using Days = std::map<std::string, std::string>;

/// What is due of one table.
struct Due {
  std::set<std::string> archive, remove;  // days of the table
  std::set<std::string> forget;           // days of its archive
  bool is_empty() const { return archive.empty() && remove.empty() && forget.empty(); }
};

class Lifecycle {
 public:
  explicit Lifecycle(Lake& lake) : lake_(lake), now_(lake.clock().now()) {}

  LifecycleOutcome plan() {
    for (const Entry& entry : aging_tables()) {
      const std::string part = identity_partition(lake_.catalog(), entry, "dt");
      add(entry.table, find_due(entry, part, read_lake_files(lake_.catalog(), entry)), 0, 0);
    }
    return std::move(outcome_);
  }

  LifecycleOutcome run(Engine& engine, StartedRun& run, Log& log, int& number) {
    for (const Entry& entry : aging_tables()) {
      const std::string part = identity_partition(lake_.catalog(), entry, "dt");
      if (find_due(entry, part, read_lake_files(lake_.catalog(), entry)).is_empty()) continue;
      TendedTable table(lake_, engine, run, entry.table);
      try {
        if (table.take(number++)) {
          age(table, part);
        } else {
          outcome_.skipped.push_back({entry.table, "a run writes it"});
        }
      } catch (const Error& failure) {
        if (table.was_wanted()) {
          outcome_.skipped.push_back({entry.table, "a run wanted it"});
          continue;
        }
        log.write(LogLevel::Error, fmt::format("the lifecycle of {}: {}", to_string(entry.table), failure.what()));
        outcome_.skipped.push_back({entry.table, failure.what(), true});
      }
    }
    remove_old_copies();
    return std::move(outcome_);
  }

 private:
  const LayerConfig* config(const TableName& table) const {
    const auto layer = lake_.project().layers.find(table.layer);
    if (layer == lake_.project().layers.end()) return nullptr;
    return layer->second.archive_after || layer->second.delete_after ? &layer->second : nullptr;
  }

  std::vector<Entry> aging_tables() const {
    std::vector<Entry> tables;
    const auto held = lake_.catalog().held_tables();
    for (Entry& entry : lake_.catalog().entries("main"))
      if (entry.kind == EntryKind::Table && config(entry.table) != nullptr && may_age(lake_.project(), entry.table) &&
          std::ranges::find(held, entry.table) == held.end() &&
          !identity_partition(lake_.catalog(), entry, "dt").empty())
        tables.push_back(std::move(entry));
    return tables;
  }

  // A day is so old when its last instant is.
  bool is_past(const std::string& day, std::chrono::seconds age) const {
    return parse_instant(day + "T00:00:00Z") + std::chrono::hours{24} + age <= now_;
  }

  Due find_due(const Entry& entry, const std::string& part, const std::vector<LakeFile>& files) const {
    const LayerConfig& layer = *config(entry.table);
    const Days restored = days_of(entry, kRestoredProperty);
    Due due;
    for (const LakeFile& file : files) {
      const std::string day = day_of(file, part);
      if (day.empty()) continue;
      const auto stays = restored.find(day);
      if (stays != restored.end() && parse_instant(stays->second) > now_) continue;
      if (layer.delete_after && is_past(day, *layer.delete_after)) {
        due.remove.insert(day);
      } else if (layer.archive_after && is_past(day, *layer.archive_after)) {
        due.archive.insert(day);
      }
    }
    for (const auto& [day, file] : days_of(entry, kArchivedProperty))
      if (layer.delete_after && is_past(day, *layer.delete_after)) due.forget.insert(day);
    return due;
  }

  // A copy is written for good before the table is published without its rows.
  void age(TendedTable& table, const std::string& part) {
    const std::vector<LakeFile> files = table.files();
    const Due due = find_due(table.entry(), part, files);
    if (due.is_empty()) return;
    const Archive archive(Archive::folder_of(lake_, table.entry().table.layer));
    Days archived = days_of(table.entry(), kArchivedProperty);
    Days restored = days_of(table.entry(), kRestoredProperty);
    std::int64_t rows = 0;
    for (const std::string& day : due.archive) {
      if (archived.contains(day))
        throw Error(ErrorKind::Data, fmt::format("{} is archived already, and has rows again: was the table built anew?", day));
      table.set_files(of_days(files, part, {day}, true), "replace");
      const ArchivedPartition partition = archive.store(table, day, now_);
      archived[day] = partition.file;
      rows += partition.rows;
    }
    for (const std::string& day : due.forget) archived.erase(day);
    for (const auto* days : {&due.archive, &due.remove})
      for (const std::string& day : *days) restored.erase(day);
    std::set<std::string> gone = due.archive;
    gone.insert(due.remove.begin(), due.remove.end());
    table.set_files(of_days(files, part, gone, false), "delete");
    PublishTable change{table.entry().table, {{kArchivedProperty, days_property(archived)}}, true};
    if (!days_of(table.entry(), kRestoredProperty).empty()) change.properties[kRestoredProperty] = days_property(restored);
    const auto publication = table.publish(std::move(change), "lifecycle");
    if (publication) return add(table.entry().table, due, rows, *publication);
    outcome_.skipped.push_back({table.entry().table, "a run wanted it"});
  }

  static std::vector<LakeFile> of_days(const std::vector<LakeFile>& files, const std::string& part,
                                       const std::set<std::string>& days, bool is_in) {
    std::vector<LakeFile> chosen;
    for (const LakeFile& file : files)
      if (days.contains(day_of(file, part)) == is_in) chosen.push_back(file);
    return chosen;
  }

  void add(const TableName& table, const Due& due, std::int64_t rows, std::int64_t publication) {
    if (due.is_empty()) return;
    AgedTable aged{table, {due.archive.begin(), due.archive.end()}, {due.remove.begin(), due.remove.end()}, rows, publication};
    aged.deleted.insert(aged.deleted.end(), due.forget.begin(), due.forget.end());
    outcome_.tables.push_back(std::move(aged));
  }

  // Copies that no publication within retention names: of days that are deleted, of a day that the table has again, and
  // what a crash left.
  void remove_old_copies() {
    const Retention retention(lake_.catalog(), {});
    for (const Entry& entry : aging_tables()) {
      const Archive archive(Archive::folder_of(lake_, entry.table.layer));
      std::set<std::pair<std::string, std::string>> named;
      for (const std::string& text : retention.property_values(entry.table, kArchivedProperty)) {
        Entry then;
        then.table = entry.table;
        then.properties[kArchivedProperty] = text;
        for (const auto& [day, file] : days_of(then, kArchivedProperty)) named.emplace(day, file);
      }
      const Days archived = days_of(entry, kArchivedProperty);
      const LayerConfig& layer = *config(entry.table);
      for (const std::string& day : archive.days(entry.table)) {
        // Only where it is certain that the rows are elsewhere, or are to be nowhere.
        const bool is_over = layer.delete_after && is_past(day, *layer.delete_after);
        if (!is_over && !archived.contains(day)) continue;
        for (const std::string& file : archive.files(entry.table, day)) {
          if (named.contains({day, file})) continue;
          archive.remove(entry.table, day, file);
          ++outcome_.removed_copies;
        }
      }
    }
  }

  Lake& lake_;
  const Instant now_;
  LifecycleOutcome outcome_;
};

}  // namespace

bool may_age(const Project& project, const TableName& table) {
  if (const auto model = project.models.find(table); model != project.models.end()) {
    const LayerConfig& layer = project.layers.at(table.layer);
    return !layer.archive_after || model->second.materialized == Materialization::Append;
  }
  for (const auto& [name, source] : project.sources)
    for (const SourceTable& loaded : source.tables)
      // With a key, a load compares what it reads again with the newest version that is here.
      if (loaded.table() == table) return loaded.load == LoadMode::Incremental && loaded.key.empty();
  return false;
}

LifecycleOutcome plan_lifecycle(Lake& lake) { return Lifecycle(lake).plan(); }

LifecycleOutcome apply_lifecycle(Lake& lake, Engine& engine, StartedRun& run, Log& log, int& number) {
  return Lifecycle(lake).run(engine, run, log, number);
}

}  // namespace lochan
