// Runs one attempt of a step, or an audit, on a worker's session. What came of it is written into the step.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/temporary_folder.h"
#include "run/board.h"
#include "run/lake.h"
#include "run/observer.h"
#include "run/program_attempt.h"
#include "run/resolver.h"
#include "run/step.h"
#include "run/worker.h"

namespace lochan {

/// May be shared between the workers' threads; each step is worked on by one thread at a time.
class StepRunner {
 public:
  /// `branch` is where the run writes; of a run that writes nothing, what it reads.
  StepRunner(Lake& lake, const Analysis& analysis, const std::string& branch, std::int64_t run, Instant run_at, Log& log)
      : lake_(lake),
        analysis_(analysis),
        branch_(branch),
        run_(run),
        run_at_(run_at),
        log_(log),
        resolver_(lake.catalog(), branch) {}

  /// Built or Unchanged; throws what ends the attempt.
  StepState run(Worker& worker, Step& step, const ProgramTalk& talk);
  std::vector<CheckResult> audit(Worker& worker, const TableName& table);

 private:
  StepState run_source(Worker& worker, Step& step);
  Landing landing(Worker& worker, const Step& step);
  StepState run_model(Worker& worker, Step& step);
  StepState run_replay(Worker& worker, Step& step);
  void add_archived(const Entry& entry, LoadRequest& request, TemporaryFolder& copies) const;
  void refuse_archived_inputs(const Step& step, const std::string& since) const;
  void refuse_missed_archived(const Step& step, const Entry& current) const;
  StepState run_command(Worker& worker, Step& step, const ProgramTalk& talk);
  void run_its_program(Worker& worker, const Step& step, const ProgramTalk& talk);
  std::map<TableName, std::string> versions_of(std::span<const TableName> inputs, Versions& versions, const Position& reader,
                                               const std::string& step) const;
  void audit_own(Session& session, const TableName& table, const ModelBuilt& built);
  StepState put_view(Step& step);
  std::vector<TimeRange> find_intervals(Session& session, Step& step, const std::optional<Entry>& current);
  bool is_immutable(const std::string& layer) const;
  std::int64_t written_bytes(const Step& step, const std::vector<std::optional<Entry>>& before) const;
  std::optional<DescribedSize> size_of(const TableName& table) const;
  Instant next_loaded_at(const Step& step);
  Quarantine quarantine(const TableName& table) const;
  std::vector<RowRule> rules(const TableName& table) const;
  Parameters parameters(const Step& step, const std::optional<Entry>& current) const;
  std::optional<Instant> loaded_at(const TableName& table) const;
  std::optional<std::string> since(const Step& step, const std::optional<Entry>& current) const;

  Lake& lake_;
  const Analysis& analysis_;
  const std::string branch_;
  const std::int64_t run_;
  const Instant run_at_;
  Log& log_;
  Resolver resolver_;
  mutable std::mutex mutex_;
  std::map<TableName, Instant> loaded_at_;  // by steps of this run; guarded by mutex_
  std::map<TableName, std::map<std::string, SourceTotals>> totals_;  // by connection, as loaded in this run; guarded by mutex_
  std::map<TableName, CheckResult> own_audits_;  // of tables with history, as they were built; guarded by mutex_
};

/// `lochan.marks` and back: raw table → the `_loaded_at` up to which a model has read it.
std::map<TableName, std::string> marks_of(const Entry& entry);

}  // namespace lochan
