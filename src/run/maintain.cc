#include "run/maintain.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/text.h"
#include "catalog/retention.h"
#include "catalog/tending_claims.h"
#include "run/cancelling.h"
#include "run/lake_files.h"
#include "run/landing_files.h"
#include "run/sink_marks.h"
#include "run/started_run.h"
#include "run/tended_table.h"
#include "source/landing.h"

namespace lochan {
namespace {

// Thrown out of a transaction so that what it did is undone: a dry run sees what tending would see.
struct Undo {};

constexpr std::chrono::hours kSlowestSink{24 * 30};

// `raw/sale/data/x.parquet` belongs to raw.sale.
std::optional<TableName> table_of(const std::string& file) {
  const std::vector<std::string> parts = text::split(file, '/');
  if (parts.size() < 3 || parts[0] == kLandingFolder) return std::nullopt;
  return TableName{parts[0], parts[1]};
}

class Tending {
 public:
  Tending(Lake& lake, const MaintainRequest& request, Log& log, std::stop_token stop)
      : lake_(lake),
        request_(request),
        log_(log),
        stop_(std::move(stop)),
        config_(lake.project().maintain),
        engine_(one_thread(lake.engine_options())),
        retention_(lake.catalog(), retention_policy(lake.project().retention)) {
    if (request.budget_bytes) config_.budget_bytes = *request.budget_bytes;
  }

  MaintainOutcome run() {
    list_files();
    if (request_.dry_run) {
      outcome_.lifecycle = plan_lifecycle(lake_);
      outcome_.compaction = plan_compaction(lake_, config_);
      note_busy_tables();
      try {
        lake_.state().write([&] {
          look_at_rows();
          throw Undo{};
        });
      } catch (const Undo&) {
      }
      look_at_files();
    } else {
      StartedRun run(lake_, {.command = "maintain",
                             .selection = "",
                             .author = request_.tick ? "schedule " + request_.tick->schedule : request_.author,
                             .tick = request_.tick});
      CancelWatch cancel(lake_.state(), run.number(), stop_);
      stop_ = cancel.token();
      work(run);
      if (cancel.is_cancelled()) {
        outcome_.is_cancelled = true;
        run.close(RunState::Cancelled, last_publication(), fmt::format("{}; {}", cancel.message(), message()));
      } else {
        run.close(outcome_.has_failed() ? RunState::Failed : RunState::Succeeded, last_publication(), message());
        remove_old_logs();
      }
    }
    outcome_.pinned = pinned_past(lake_, retention_, files_);
    return std::move(outcome_);
  }

 private:
  // Each of these ends soon after a stop was asked for; what it has published stays.
  void work(StartedRun& run) {
    int branches = 0;
    outcome_.lifecycle =
        apply_lifecycle(lake_, engine_, run, log_, branches, stop_);  // first: what leaves isn't joined
    outcome_.compaction = compact_tables(lake_, config_, engine_, run, log_, branches, stop_);
    forget_snapshots(run, branches);
    if (stop_.stop_requested()) return;
    claim_tables(run);
    list_files();  // again: nobody writes to these tables now
    note_foreign_claims(run);
    if (stop_.stop_requested()) return;
    run.require_own();
    look_at_rows();
    look_at_files();
    remove_files();
  }

  // One thread writes one file, and leaves the other cores to runs.
  static EngineOptions one_thread(EngineOptions options) {
    options.threads = 1;
    return options;
  }

  std::int64_t last_publication() const {
    if (!outcome_.compaction.tables.empty()) return outcome_.compaction.tables.back().publication;
    return outcome_.lifecycle.tables.empty() ? 0 : outcome_.lifecycle.tables.back().publication;
  }

  std::string message() const {
    const auto removed = static_cast<std::int64_t>(outcome_.removed_files.size());
    const auto rewritten = static_cast<std::int64_t>(outcome_.compaction.tables.size());
    std::string text = fmt::format("removed {}", text::plural(removed, "file"));
    return rewritten == 0 ? text : fmt::format("rewrote {}, {}", text::plural(rewritten, "table"), text);
  }

  // A table that is published often lets go of old snapshots by that; one that isn't would keep them, and their files.
  void forget_snapshots(StartedRun& run, int& branches) {
    for (const TableName& name : retention_.tables_with_old_snapshots()) {
      if (stop_.stop_requested()) return;
      TendedTable table(lake_, engine_, run, name, stop_);
      if (table.take(branches++)) table.publish({.table = name, .properties = {}, .data_unchanged = true}, "retention");
    }
  }

  void list_files() {
    files_.clear();
    lake_.store().list("", [&](const ObjectInfo& info) { files_.push_back(info); });
    std::ranges::sort(files_, {}, &ObjectInfo::name);
  }

  std::set<TableName> tables_with_files() const {
    std::set<TableName> tables;
    for (const ObjectInfo& file : files_)
      if (const auto table = table_of(file.name)) tables.insert(*table);
    return tables;
  }

  void note_busy_tables() {
    for (const Catalog::Claimed& claimed : lake_.catalog().claims()) busy_.insert(claimed.table);
    outcome_.busy.assign(busy_.begin(), busy_.end());
  }

  // A run has precedence: what one holds now is left for the next time. The other tables are ours until a run wants
  // them: then whatever it writes is newer than the listing, or the table counts as busy.
  void claim_tables(const StartedRun& run) {
    note_busy_tables();
    for (const TableName& table : tables_with_files()) {
      if (busy_.contains(table)) continue;
      const std::vector<TableName> one{table};
      if (claim_until_wanted(lake_.catalog(), run.number(), "main", one)) busy_.insert(table);
    }
  }

  // A run may have claimed a table in between, ours too.
  void note_foreign_claims(const StartedRun& run) {
    for (const Catalog::Claimed& claimed : lake_.catalog().claims())
      if (claimed.run != run.number()) busy_.insert(claimed.table);
    outcome_.busy.assign(busy_.begin(), busy_.end());
  }

  void look_at_rows() {
    // A rollback, or a person's publish, writes files before it names them, and claims nothing. All three before what
    // is reachable: who is at work now may have published by then, with files that weren't named yet when that was
    // asked.
    writing_since_ = retention_.writing_since();
    before_ = retention_.removable_before();
    open_since_ = retention_.open_since();
    const Expired expired = retention_.expire(kept_for_sinks());
    outcome_.expired_publications = expired.publications;
    outcome_.dropped_branches = expired.branches;
    reachable_ = retention_.reachable();
  }

  // Outside of any transaction: others would wait.
  void look_at_files() {
    const std::set<std::string> reachable = reachable_files(reachable_, lake_.store());
    for (const ObjectInfo& file : files_)
      if (!reachable.contains(file.name) && may_remove(file)) choose(file);
    for (const ObjectInfo& file : expired_landing(lake_, files_, busy_)) choose(file);
  }

  void choose(const ObjectInfo& file) {
    outcome_.removed_files.push_back(file.name);
    outcome_.removed_bytes += file.size_bytes;
    sizes_.push_back(file.size_bytes);
  }

  // A sink compares with what it carried last; one that has been away for long compares with its target itself.
  std::set<std::int64_t> kept_for_sinks() {
    return SinkMarks(lake_.state()).publications(lake_.project(), lake_.clock().now() - kSlowestSink);
  }

  bool may_remove(const ObjectInfo& file) const {
    const auto table = table_of(file.name);
    if (!table) return false;
    const auto layer = lake_.project().layers.find(table->layer);
    if (layer != lake_.project().layers.end() && layer->second.immutable) return false;
    if (file.modified_at >= writing_since_) return false;
    // The claim keeps our own writers away. Others may be in the middle of a commit to a table that the project doesn't
    // make.
    if (!is_project_table(lake_.catalog(), *table)) return !busy_.contains(*table) && file.modified_at < before_;
    // What a run that has the table claimed writes is newer than its branch: a table that is always busy is tended too.
    return !busy_.contains(*table) || file.modified_at < open_since_;
  }

  void remove_files() {
    constexpr std::size_t kAtOnce = 1000;  // as many as S3 deletes by one request
    const std::span<const std::string> files(outcome_.removed_files);
    for (std::size_t first = 0; first < files.size(); first += kAtOnce) {
      if (stop_.stop_requested()) return forget_from(first);
      const auto some = files.subspan(first, std::min(kAtOnce, files.size() - first));
      lake_.store().remove(some);
      for (const std::string& file : some) log_.write(LogLevel::Debug, "removed " + file);
    }
  }

  // Those were not removed.
  void forget_from(std::size_t first) {
    for (std::size_t i = first; i < sizes_.size(); ++i) outcome_.removed_bytes -= sizes_[i];
    outcome_.removed_files.resize(first);
  }

  // A run's log goes when the journal has forgotten the run.
  void remove_old_logs() {
    const Journal journal(lake_.state());
    std::error_code ignored;
    for (const auto& file : std::filesystem::directory_iterator(lake_.home() / "logs", ignored)) {
      const std::string stem = file.path().stem().string();
      if (!stem.starts_with("run-")) continue;
      const std::int64_t run = std::atoll(stem.c_str() + 4);
      if (run > 0 && !journal.find(run)) std::filesystem::remove(file.path(), ignored);
    }
  }

  Lake& lake_;
  const MaintainRequest& request_;
  Log& log_;
  std::stop_token stop_;  // of the process; once the run has its row, of that too
  MaintainConfig config_;
  Engine engine_;
  Retention retention_;
  std::vector<ObjectInfo> files_;
  std::set<TableName> busy_;
  Instant writing_since_{};
  std::vector<std::uint64_t> sizes_;  // of the files that are removed
  std::vector<ReachableTable> reachable_;
  Instant before_{};
  Instant open_since_{};
  MaintainOutcome outcome_;
};

}  // namespace

bool MaintainOutcome::has_failed() const {
  return std::ranges::any_of(compaction.skipped, &SkippedTable::is_error) ||
         std::ranges::any_of(lifecycle.skipped, &SkippedTable::is_error);
}

MaintainOutcome maintain(Lake& lake, const MaintainRequest& request, Log& log, std::stop_token stop) {
  return Tending(lake, request, log, std::move(stop)).run();
}

}  // namespace lochan
