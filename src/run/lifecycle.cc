#include "run/lifecycle.h"

#include <fmt/format.h>

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "base/error.h"
#include "base/sql.h"
#include "catalog/retention.h"
#include "run/aging.h"
#include "run/query.h"

namespace lochan {
namespace {

using Days = std::map<std::string, std::string>;

constexpr std::array kMigrations = {Migration{"aging", 1, R"(
create table aging_look(layer text not null, name text not null, day text not null, primary key (layer, name))
)"}};

/// What is due of one table.
struct Due {
  std::set<std::string> archive, remove;  // days of the table
  std::set<std::string> forget;           // days of its archive
  bool is_empty() const { return archive.empty() && remove.empty() && forget.empty(); }
};

/// The rows of a day that are in the table, and those of them that may leave it.
struct DayRows {
  std::int64_t rows = 0, leaving = 0;
  // A day isn't written anew for a few of its rows.
  bool is_worth_it() const { return leaving > 0 && leaving * 4 >= rows; }
};

using Ask = std::function<Rows(const std::string&)>;  // `{}` in the statement is the table

class Lifecycle {
 public:
  Lifecycle(Lake& lake, std::stop_token stop) : lake_(lake), stop_(std::move(stop)), now_(lake.clock().now()) {}

  LifecycleOutcome plan() {
    for (const Entry& entry : aging_tables()) {
      if (stays_whole(entry)) continue;
      Due due = find_due(entry, read_lake_files(lake_.catalog(), entry));
      if (aging(entry).keeps_some() && !due.is_empty()) {
        LakeReader reader(lake_, "");
        const std::string name = reader.resolve_name(entry.table);
        leave_out(due, count_days(entry, [&](std::string statement) {
                    for (std::size_t at; (at = statement.find("{}")) != std::string::npos;) statement.replace(at, 2, name);
                    return reader.session().query(statement);
                  }));
      }
      add(entry.table, due, 0, 0);
    }
    return std::move(outcome_);
  }

  LifecycleOutcome run(Engine& engine, StartedRun& run, Log& log, int& number) {
    AgingLooks looks(lake_.state());
    for (const Entry& entry : aging_tables()) {
      if (stop_.stop_requested()) return std::move(outcome_);
      if (stays_whole(entry) || (aging(entry).keeps_some() && looks.last(entry.table) == today())) continue;
      if (find_due(entry, read_lake_files(lake_.catalog(), entry)).is_empty()) continue;
      TendedTable table(lake_, engine, run, entry.table, stop_);
      try {
        if (!table.take(number++)) {
          outcome_.skipped.push_back({entry.table, "a run writes it"});
        } else if (age(table) && aging(entry).keeps_some()) {
          looks.save(entry.table, today());
        }
      } catch (const Error& failure) {
        if (stop_.stop_requested()) return std::move(outcome_);
        if (table.was_wanted()) {
          outcome_.skipped.push_back({entry.table, "a run wanted it"});
          continue;
        }
        log.write(LogLevel::Error, fmt::format("the lifecycle of {}: {}", to_string(entry.table), failure.what()));
        outcome_.skipped.push_back({entry.table, failure.what(), true});
      }
    }
    remove_old_copies(log);
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
      if (entry.kind == EntryKind::Table && config(entry.table) != nullptr && aging_of(lake_.project(), entry.table) &&
          std::ranges::find(held, entry.table) == held.end() &&
          !identity_partition(lake_.catalog(), entry, "dt").empty())
        tables.push_back(std::move(entry));
    return tables;
  }

  Aging aging(const Entry& entry) const { return *aging_of(lake_.project(), entry.table); }
  std::string today() const { return to_string(now_).substr(0, 10); }

  // What is built of a whole table would fail when a part of it is archived. Only told when there is something to archive.
  bool stays_whole(const Entry& entry) {
    if (!config(entry.table)->archive_after) return false;
    if (!read_whole_) {
      Shadow shadow;
      const Analysis analysis = analyse(lake_.project(), lake_.catalog().entries("main"), shadow, {.discover = false});
      if (!analysis.problems.empty()) throw ProjectProblems(analysis.problems);
      read_whole_ = read_whole(lake_.project(), analysis);
    }
    const auto found = read_whole_->find(entry.table);
    if (found == read_whole_->end()) return false;
    const Due due = find_due(entry, read_lake_files(lake_.catalog(), entry));
    if (!due.archive.empty()) outcome_.skipped.push_back({entry.table, found->second});
    return true;
  }

  // A day is so old when its last instant is.
  bool is_past(const std::string& day, std::chrono::seconds age) const {
    return parse_instant(day + "T00:00:00Z") + std::chrono::hours{24} + age <= now_;
  }

  Due find_due(const Entry& entry, const std::vector<LakeFile>& files) const {
    const std::string part = identity_partition(lake_.catalog(), entry, "dt");
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

  std::map<std::string, DayRows> count_days(const Entry& entry, const Ask& ask) const {
    std::map<std::string, DayRows> days;
    for (const auto& row : ask(fmt::format("select dt::varchar, count(*), count(*) filter (where not stays) from (select dt, {} as "
                                           "stays from {{}}) group by dt",
                                           stays_condition(aging(entry), entry)))
                               .rows)
      if (row[0]) days[*row[0]] = {std::stoll(row[1].value_or("0")), std::stoll(row[2].value_or("0"))};
    return days;
  }

  static void leave_out(Due& due, const std::map<std::string, DayRows>& days) {
    for (auto* set : {&due.archive, &due.remove})
      std::erase_if(*set, [&](const std::string& day) { return !days.contains(day) || !days.at(day).is_worth_it(); });
  }

  // A copy is written for good before the table is published without its rows. False: a run wanted the table.
  bool age(TendedTable& table) {
    const Entry entry = table.entry();
    const Aging rule = aging(entry);
    const std::string part = identity_partition(lake_.catalog(), entry, "dt");
    const std::vector<LakeFile> files = table.files();
    Due due = find_due(entry, files);
    if (rule.keeps_some() && !due.is_empty())
      leave_out(due, count_days(entry, [&](const std::string& statement) { return table.query(statement); }));
    if (due.is_empty()) return true;
    std::set<std::string> gone = due.archive;
    gone.insert(due.remove.begin(), due.remove.end());
    Days archived = days_of(entry, kArchivedProperty);
    Days restored = days_of(entry, kRestoredProperty);
    PublishTable change{entry.table, {}, true};
    if (rule.is_raw && !gone.empty()) change.properties[kReachProperty] = reach_property(reach_with(table, rule, gone));
    if (rule.keeps_some() && !gone.empty()) set_aside(table, rule, gone);
    std::set<std::string> stored;
    const std::int64_t rows = store(table, rule, part, files, due.archive, archived, stored);
    for (const std::string& day : due.forget) archived.erase(day);
    for (const std::string& day : gone) restored.erase(day);
    table.set_files(of_days(files, part, gone, false), "delete");
    if (rule.keeps_some() && table.execute(fmt::format("insert into {{}} ({0}) select {0} from lochan_stays", column_names(entry))) > 0)
      table.set_files(table.files(), "overwrite");
    change.properties[kArchivedProperty] = days_property(archived);
    if (!days_of(entry, kRestoredProperty).empty()) change.properties[kRestoredProperty] = days_property(restored);
    const auto publication = table.publish(std::move(change), "lifecycle");
    if (!publication) {
      outcome_.skipped.push_back({entry.table, "a run wanted it"});
      return false;
    }
    due.archive = stored;
    add(entry.table, due, rows, *publication);
    return true;
  }

  // The whole of each day, once: of a raw table only copies of its rows can be there later.
  std::int64_t store(TendedTable& table, const Aging& rule, const std::string& part, const std::vector<LakeFile>& files,
                     const std::set<std::string>& days, Days& archived, std::set<std::string>& stored) {
    Archive archive(lake_, table.entry().table.layer);
    std::int64_t rows = 0;
    for (const std::string& day : days) {
      if (archived.contains(day) && rule.is_raw) continue;
      if (archived.contains(day))
        throw Error(ErrorKind::Data, fmt::format("{} is archived already, and has rows again: was the table built anew?", day));
      table.set_files(of_days(files, part, {day}, true), "replace");
      const ArchivedPartition partition = archive.store(table, day, now_);
      archived[day] = partition.file;
      stored.insert(day);
      rows += partition.rows;
    }
    if (!stored.empty()) archive.sync();
    return rows;
  }

  static std::string column_names(const Entry& entry) {
    std::vector<std::string> names;
    for (const Column& column : entry.columns) names.push_back(column.name);
    return sql::identifiers(names);
  }

  static std::string is_of(const std::set<std::string>& days) {
    std::vector<std::string> texts;
    for (const std::string& day : days) texts.push_back("date " + sql::literal(day));
    return fmt::format("dt in ({})", fmt::join(texts, ", "));
  }

  // Those rows of the days that stay.
  static void set_aside(TendedTable& table, const Aging& rule, const std::set<std::string>& days) {
    table.execute(fmt::format("create or replace temp table lochan_stays as select {} from (select *, {} as stays from {{}}) where "
                              "stays and {}",
                              column_names(table.entry()), stays_condition(rule, table.entry()), is_of(days)));
  }

  static ArchivedReach reach_with(TendedTable& table, const Aging& rule, const std::set<std::string>& days) {
    ArchivedReach reach = reach_of(table.entry());
    const std::string leaving = fmt::format("(select * from (select *, {} as stays from {{}}) where not stays and {})",
                                            stays_condition(rule, table.entry()), is_of(days));
    const Rows newest = table.query("select epoch_us(max(_loaded_at)) from " + leaving);
    if (const auto& at = newest.rows.at(0).at(0))
      reach.loaded_at = std::max(reach.loaded_at.value_or(Instant{}), instant_from_micros(std::stoll(*at)));
    if (rule.cursor.empty()) return reach;
    const std::string column = sql::identifier(rule.cursor);
    std::string before;
    for (const auto& [connection, value] : reach.cursors)
      before += fmt::format(" union all select {}, try_cast({} as {})", sql::literal(connection), sql::literal(value),
                            std::ranges::find(table.entry().columns, rule.cursor, &Column::name)->type);
    for (const auto& row : table.query(fmt::format("select _source, max(c)::varchar from (select _source, {} as c from {}{}) group by "
                                                   "_source",
                                                   column, leaving, before))
                               .rows)
      if (row[0] && row[1]) reach.cursors[*row[0]] = *row[1];
    return reach;
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

  // An archive that can't be reached stops nothing else, and is asked once.
  void remove_old_copies(Log& log) {
    const Retention retention(lake_.catalog(), {});
    std::set<std::string> away;
    for (const auto& skipped : outcome_.skipped)
      if (skipped.is_error) away.insert(skipped.table.layer);  // said once
    for (const Entry& entry : aging_tables()) {
      if (stop_.stop_requested() || away.contains(entry.table.layer)) continue;
      try {
        remove_old_copies(retention, entry);
      } catch (const Error& failure) {
        away.insert(entry.table.layer);
        log.write(LogLevel::Error, fmt::format("the archive of {}: {}", to_string(entry.table), failure.what()));
        outcome_.skipped.push_back({entry.table, failure.what(), true});
      }
    }
  }

  // Copies that no publication within retention names: of days that are deleted, of a day that the table has again, and
  // what a crash left.
  void remove_old_copies(const Retention& retention, const Entry& entry) {
    std::set<std::pair<std::string, std::string>> named;
    for (const std::string& text : retention.property_values(entry.table, kArchivedProperty)) {
      Entry then;
      then.table = entry.table;
      then.properties[kArchivedProperty] = text;
      for (const auto& [day, file] : days_of(then, kArchivedProperty)) named.emplace(day, file);
    }
    const Days archived = days_of(entry, kArchivedProperty);
    const LayerConfig& layer = *config(entry.table);
    Archive archive(lake_, entry.table.layer);
    for (auto& [day, files] : archive.files(entry.table)) {
      // Only where it is certain that the rows are elsewhere, or are to be nowhere.
      const bool is_over = layer.delete_after && is_past(day, *layer.delete_after);
      if (!is_over && !archived.contains(day)) continue;
      std::erase_if(files, [&, &of = day](const std::string& name) {
        const std::string file = archived_file_of(name);
        return file.empty() || named.contains({of, file});
      });
      if (files.empty()) continue;
      archive.remove(entry.table, day, files);
      outcome_.removed_copies +=
          std::ranges::count_if(files, [](const std::string& name) { return name.ends_with(".parquet"); });
    }
  }

  Lake& lake_;
  const std::stop_token stop_;
  const Instant now_;
  std::optional<std::map<TableName, std::string>> read_whole_;  // once it is asked for
  LifecycleOutcome outcome_;
};

}  // namespace

std::span<const Migration> AgingLooks::migrations() { return kMigrations; }

std::string AgingLooks::last(const TableName& table) const {
  const auto rows = state_.query("select day from aging_look where layer = $1 and name = $2", {table.layer, table.name});
  return rows.empty() ? "" : rows[0].text(0);
}

void AgingLooks::save(const TableName& table, const std::string& day) {
  state_.execute("insert into aging_look(layer, name, day) values ($1, $2, $3) on conflict(layer, name) do update set day = excluded.day",
                 {table.layer, table.name, day});
}

LifecycleOutcome plan_lifecycle(Lake& lake) { return Lifecycle(lake, {}).plan(); }

LifecycleOutcome apply_lifecycle(Lake& lake, Engine& engine, StartedRun& run, Log& log, int& number, const std::stop_token& stop) {
  return Lifecycle(lake, stop).run(engine, run, log, number);
}

}  // namespace lochan
