#include "run/compaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "catalog/tending_claims.h"
#include "run/tended_table.h"

namespace lochan {
namespace {

/// A table with what could be done for it.
struct Candidate {
  Entry entry;
  std::vector<LakeFile> files;
  std::vector<FileJoin> joins;  // the most rewarding first

  double reward() const {
    double saved = 0, cost = 0;
    for (const FileJoin& join : joins) saved += join.saved, cost += join.saved / std::max(join.reward(), 1e-12);
    return cost == 0 ? 0 : saved / cost;
  }
};

bool is_immutable(const Project& project, const TableName& table) {
  const auto layer = project.layers.find(table.layer);
  return layer != project.layers.end() && layer->second.immutable;
}

class Compaction {
 public:
  Compaction(Lake& lake, const MaintainConfig& config) : lake_(lake), config_(config) {}

  CompactionOutcome plan() {
    for (Candidate& candidate : candidates()) {
      if (!keep_affordable(candidate)) continue;
      CompactedTable table{candidate.entry.table, static_cast<int>(candidate.files.size()), 0, 0, 0, 0};
      table.files_after = table.files_before;
      for (const FileJoin& join : candidate.joins) {
        table.files_after -= join.saved;
        table.read_bytes += join.size_bytes;
      }
      table.written_bytes = table.read_bytes;
      add(std::move(table));
    }
    return std::move(outcome_);
  }

  CompactionOutcome run(Engine& engine, StartedRun& run, Log& log, int& number, const std::stop_token& stop) {
    for (const Candidate& candidate : candidates()) {
      if (stop.stop_requested()) break;
      const TableName& table = candidate.entry.table;
      TendedTable tended(lake_, engine, run, table, stop);
      try {
        if (!tended.take(number++)) {
          skip(table, "a run writes it");
          continue;
        }
        rewrite(tended);
      } catch (const Error& failure) {
        if (stop.stop_requested()) break;
        if (tended.was_wanted()) {
          skip(table, "a run wanted it");
          continue;
        }
        log.write(LogLevel::Error, fmt::format("{} could not be written anew: {}", to_string(table), failure.what()));
        outcome_.skipped.push_back({table, failure.what(), true});
      }
    }
    return std::move(outcome_);
  }

 private:
  // The project's own tables: others have their own keepers. What is held is left as it is.
  std::vector<Candidate> candidates() {
    std::vector<Candidate> found;
    Catalog& catalog = lake_.catalog();
    const auto held = catalog.held_tables();
    for (Entry& entry : catalog.entries("main")) {
      if (entry.kind != EntryKind::Table || !is_tended(entry.table)) continue;
      if (std::ranges::find(held, entry.table) != held.end()) continue;
      Candidate candidate{std::move(entry), {}, {}};
      measure(candidate);
      if (!candidate.joins.empty()) found.push_back(std::move(candidate));
    }
    std::ranges::sort(found, [](const Candidate& a, const Candidate& b) { return a.reward() > b.reward(); });
    return found;
  }

  bool is_tended(const TableName& table) const {
    return !is_immutable(lake_.project(), table) && is_project_table(lake_.catalog(), table);
  }

  void measure(Candidate& candidate) {
    candidate.files = read_lake_files(lake_.catalog(), candidate.entry);
    candidate.joins = plan_joins(candidate.files, config_);
  }

  std::uint64_t spent() const { return outcome_.read_bytes + outcome_.written_bytes; }

  // Leaves the joins that the rest of the budget pays for; none: the table is skipped.
  bool keep_affordable(Candidate& candidate) {
    if (config_.budget_bytes == 0) return true;
    std::uint64_t left = config_.budget_bytes > spent() ? config_.budget_bytes - spent() : 0;
    const std::size_t all = candidate.joins.size();
    std::erase_if(candidate.joins, [&](const FileJoin& join) {
      if (join.cost_bytes() > left) return true;
      left -= join.cost_bytes();
      return false;
    });
    if (candidate.joins.size() < all) skip(candidate.entry.table, "budget");
    return !candidate.joins.empty();
  }

  void skip(const TableName& table, std::string reason) { outcome_.skipped.push_back({table, std::move(reason)}); }

  void add(CompactedTable table) {
    outcome_.read_bytes += table.read_bytes;
    outcome_.written_bytes += table.written_bytes;
    outcome_.tables.push_back(std::move(table));
  }

  // What is to be written anew is made the whole table on the branch, and the engine adds its rows once more: to new
  // files. Those, and all that stays, are the table then.
  void rewrite(TendedTable& tended) {
    Candidate candidate{tended.entry(), {}, {}};
    measure(candidate);
    if (candidate.joins.empty() || !keep_affordable(candidate)) return;
    std::set<std::size_t> gone;
    std::vector<LakeFile> added;
    for (const auto& wave : waves(candidate)) add_anew(tended, candidate, wave, gone, added);
    std::vector<LakeFile> files;
    for (std::size_t i = 0; i < candidate.files.size(); ++i)
      if (!gone.contains(i)) files.push_back(candidate.files[i]);
    files.insert(files.end(), added.begin(), added.end());
    tended.set_files(files, "replace");
    publish(tended, candidate, gone, added, static_cast<int>(files.size()));
  }

  // Of each partition one join at a time: what is added at once becomes one file of each.
  static std::vector<std::vector<const FileJoin*>> waves(const Candidate& candidate) {
    std::map<std::pair<std::int64_t, std::map<std::string, std::string>>, std::size_t> next;
    std::vector<std::vector<const FileJoin*>> waves;
    for (const FileJoin& join : candidate.joins) {
      const LakeFile& first = candidate.files[join.files.front()];
      const std::size_t wave = next[{first.spec, first.partition}]++;
      if (wave == waves.size()) waves.emplace_back();
      waves[wave].push_back(&join);
    }
    return waves;
  }

  static void add_anew(TendedTable& tended, const Candidate& candidate, const std::vector<const FileJoin*>& wave,
                       std::set<std::size_t>& gone, std::vector<LakeFile>& added) {
    std::set<std::string> known;
    std::vector<LakeFile> view;
    for (const FileJoin* join : wave) {
      for (const std::size_t i : join->files) view.push_back(candidate.files[i]);
      for (const auto* list : {&join->files, &join->deletes}) gone.insert(list->begin(), list->end());
    }
    for (const LakeFile& file : view) known.insert(file.path);
    for (const LakeFile& file : candidate.files) {
      if (!file.is_delete || (!file.deletes_from.empty() && !known.contains(file.deletes_from))) continue;
      view.push_back(file);
      known.insert(file.path);
    }
    tended.set_files(view, "replace");
    const std::int64_t rows = tended.execute("insert into {} select * from {}");
    std::int64_t counted = 0;
    for (LakeFile& file : tended.files()) {
      if (known.contains(file.path)) continue;
      counted += file.rows;
      added.push_back(std::move(file));
    }
    if (counted != rows)
      throw Error(ErrorKind::Internal, fmt::format("{} rows were written anew, and {} arrived", rows, counted));
  }

  void publish(TendedTable& tended, const Candidate& candidate, const std::set<std::size_t>& gone,
               const std::vector<LakeFile>& added, int files_after) {
    CompactedTable table{candidate.entry.table, static_cast<int>(candidate.files.size()), files_after, 0, 0, 0};
    for (const std::size_t i : gone) table.read_bytes += candidate.files[i].size_bytes;
    for (const LakeFile& file : added) table.written_bytes += file.size_bytes;
    const auto publication =
        tended.publish({.table = table.table, .properties = {}, .data_unchanged = true}, "compaction");
    if (!publication) return skip(table.table, "a run wanted it");
    table.publication = *publication;
    add(std::move(table));
  }

  Lake& lake_;
  const MaintainConfig& config_;
  CompactionOutcome outcome_;
};

}  // namespace

CompactionOutcome plan_compaction(Lake& lake, const MaintainConfig& config) { return Compaction(lake, config).plan(); }

CompactionOutcome compact_tables(Lake& lake, const MaintainConfig& config, Engine& engine, StartedRun& run, Log& log,
                                 int& number, const std::stop_token& stop) {
  return Compaction(lake, config).run(engine, run, log, number, stop);
}

}  // namespace lochan
