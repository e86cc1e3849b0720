// The journal: runs, their steps and checks, as rows of the state, bounded by rollover.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/migration.h"
#include "run/observer.h"
#include "run/run.h"

namespace lochan {

struct RunRecord {
  std::int64_t run = 0;
  RunState state = RunState::Running;
  std::string command;
  std::string selection;
  std::string author;
  std::string target;
  std::string branch;
  std::int64_t publication = 0;  // 0: none
  std::int64_t process = 0;
  Instant started_at;
  std::optional<Instant> finished_at;
  std::string message;
  std::string place;  // with a shared state, where it runs or ran: `host:/projects/shop/.lochan`
};

class Journal {
 public:
  static std::span<const Migration> migrations();
  explicit Journal(Database& state) : state_(state) {}

  std::vector<RunRecord> runs(int limit) const;  // newest first
  std::optional<RunRecord> find(std::int64_t run) const;
  std::vector<RunRecord> running() const;
  std::vector<StepReport> steps(std::int64_t run) const;
  std::vector<CheckResult> checks(std::int64_t run) const;  // without samples' types
  std::optional<std::int64_t> last_run_with_steps() const;  // tending has none; migrations make nothing of the lake

  void insert(const RunRecord& record);
  void finish(std::int64_t run, RunState state, std::int64_t publication, Instant at, const std::string& message);
  /// The process that runs it sees the mark, see run/cancelling.h. False when the run has ended, or was asked before.
  bool ask_to_cancel(std::int64_t run, const std::string& by, Instant at);
  /// Who asked; nothing when nobody did.
  std::optional<std::string> cancelled_by(std::int64_t run) const;
  /// The run goes on after its publication.
  void published(std::int64_t run, std::int64_t publication);
  void save_steps(std::int64_t run, std::span<const StepReport> steps);
  void save_check(std::int64_t run, const CheckResult& result);
  /// Deletes what is beyond the newest `keep` runs.
  void roll_over(int keep);
  std::int64_t next_number() const;

 private:
  Database& state_;
};

}  // namespace lochan
