#include "run/run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <thread>

#include "project/rejected_name.h"
#include "run/cancelling.h"
#include "run/carrying.h"
#include "run/command_marks.h"
#include "run/database_models.h"
#include "run/execution.h"
#include "run/journal.h"
#include "run/measures.h"
#include "run/planning.h"
#include "run/publishing.h"
#include "run/recovery.h"
#include "run/run_queue.h"
#include "run/started_run.h"

namespace lochan {
namespace {

constexpr int kMaxReplans = 2;  // when others changed main under a run

struct Cancelled {};  // thrown to undo a publication

class Runner {
 public:
  Runner(Lake& lake, const RunRequest& request, Observer& observer, std::stop_token stop)
      : lake_(lake), request_(request), observer_(observer), stop_(std::move(stop)), engine_(lake.engine_options()) {}

  RunOutcome run() {
    const auto started = std::chrono::steady_clock::now();
    RunOutcome outcome;
    const Instant planned_at = lake_.clock().now();
    Planning planning = make_planning(lake_, request_);
    note_fresh(planning.plan, planned_at);
    if (planning.plan.has_work()) {
      lake_.store().check();  // a bucket that can't be used is told once, not by each step
      run_plan(std::move(planning), outcome);
    } else {
      outcome.plan = std::move(planning.plan);
      if (request_.tick) Ticks(lake_.state()).end_without_run(*request_.tick, lake_.clock().now());
      if (request_.queued) RunQueue(lake_.state()).end(*request_.queued, RunState::Nothing, "", lake_.clock().now());
    }
    outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    return outcome;
  }

 private:
  void run_plan(Planning planning, RunOutcome& outcome) {
    StartedRun run(lake_, {.command = request_.command,
                           .selection = fmt::format("{}", fmt::join(request_.select, " ")),
                           .author = request_.author,
                           .target = request_.target,
                           .tick = request_.tick,
                           .queued = request_.queued});
    outcome.run = run.number();
    CancelWatch cancel(lake_.state(), run.number(), stop_);
    cancel_ = &cancel;
    stop_ = cancel.token();
    if (!claim(run, planning)) {
      outcome.plan = std::move(planning.plan);
      outcome.state = stop_.stop_requested() ? RunState::Cancelled : RunState::Nothing;
      run.close(outcome.state, 0, stop_.stop_requested() ? cancel.message() + " while it waited" : "nothing to do");
      return;
    }
    for (int attempt = 0;; ++attempt) {
      const std::vector<TableName> conflicts = execute(run, planning, attempt, outcome);
      if (conflicts.empty()) return;
      const std::string names = fmt::format("{}", fmt::join(text_of(conflicts), ", "));
      if (attempt == kMaxReplans) {
        run.close(RunState::Failed, 0, fmt::format("others changed {} again and again", names));
        throw Error(ErrorKind::Conflict, fmt::format("{} changed on `{}` while the run was going on, {} times", names,
                                                     request_.target, kMaxReplans + 1))
            .hint("run again when the other writer has finished; nothing was published");
      }
      observer_.write(LogLevel::Warn,
                      fmt::format("{} changed on `{}` meanwhile: planning again", names, request_.target));
      planning = make_planning(lake_, request_);
      lake_.catalog().release_claims(run.number());
      if (!planning.plan.has_work() || !claim(run, planning)) {
        outcome.state = stop_.stop_requested() ? RunState::Cancelled : RunState::Nothing;
        return run.close(outcome.state, 0, stop_.stop_requested() ? cancel.message() : "nothing left to do");
      }
    }
  }

  // Nothing is done for these, as they are up to date: that was looked at now.
  void note_fresh(const Plan& plan, Instant at) {
    if (request_.target != "main" || request_.replay || request_.backfill) return;
    std::vector<TableName> fresh;
    for (const PlannedTable& table : plan.tables)
      if (table.state == PlanState::Fresh) fresh.push_back(table.table);
    Measures(lake_.state()).note_fresh(fresh, at);
  }

  static std::vector<std::string> text_of(const std::vector<TableName>& tables) {
    std::vector<std::string> names;
    for (const TableName& table : tables) names.push_back(fmt::format("`{}`", to_string(table)));
    return names;
  }

  static std::vector<TableName> written_tables(const Plan& plan) {
    std::vector<TableName> tables;
    for (const PlannedTable& table : plan.tables)
      if (table.state == PlanState::Stale || table.state == PlanState::Depends) tables.push_back(table.table);
    return tables;
  }

  static std::vector<TableName> with_rejected(std::vector<TableName> tables) {
    for (const TableName& table : std::vector(tables)) tables.push_back(rejected_table(table));
    return tables;
  }

  // Claims what the plan writes; when another run published in between, the plan is made again. False: nothing is left
  // to do, or a stop was asked for.
  bool claim(StartedRun& run, Planning& planning) {
    const auto deadline = std::chrono::steady_clock::now() + lake_.project().run.wait_for_claim;
    bool told = false;
    for (;;) {
      std::optional<Catalog::Claimed> taken;
      run.write([&] {
        taken = lake_.catalog().claim(run.number(), request_.target, with_rejected(written_tables(planning.plan)));
      });
      if (!taken) {
        if (lake_.catalog().current_publication() == planning.plan.publication) return true;
        lake_.catalog().release_claims(run.number());
        planning = make_planning(lake_, request_);
        if (!planning.plan.has_work()) return false;
        continue;
      }
      const std::string message = fmt::format("run {} is writing `{}`", taken->run, to_string(taken->table));
      if (!request_.wait || std::chrono::steady_clock::now() > deadline)
        throw Error(ErrorKind::Conflict, message)
            .hint("wait for it to end, or raise `run.wait_for_claim` in lochan.yaml");
      if (!told) observer_.write(LogLevel::Info, message + ": waiting for it");
      told = true;
      if (stop_.stop_requested()) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
      recover_dead_runs(lake_);
    }
  }

  // One execution on a branch of its own. Returns the tables that others changed on main: then nothing was published.
  std::vector<TableName> execute(StartedRun& run, Planning& planning, int attempt, RunOutcome& outcome) {
    std::vector<Step> steps = make_steps(lake_.project(), planning.analysis, planning.plan);
    const bool writes = std::ranges::any_of(steps, [](const Step& step) { return !step.report.tables.empty(); });
    const std::string branch = writes ? run.new_branch(attempt) : as_it_is(planning.plan);
    observer_.run_started(run.number(), static_cast<int>(steps.size()) + count_after(planning.plan) +
                                            count_databases(planning.plan, false));
    save_waiting(run, steps);
    if (attempt == 0) make_in_databases(run, planning, outcome);
    block(planning, steps);
    const Pools pools(lake_);
    Board board(planning.analysis, planning.graph, steps, &pools);
    StepRunner step_runner(lake_, planning.analysis, branch, run.number(), lake_.clock().now(), observer_);
    const RunBinding binding{lake_.catalog(),
                             engine_,
                             [this] { return lake_.uri(); },
                             branch,
                             with_rejected(written_tables(planning.plan)),
                             macros(),
                             lake_.project().engine.threads,
                             planning.shadow.get()};
    Execution execution(lake_.project().run, binding, board, steps, step_runner, observer_);
    execution.run(stop_, [] {});

    outcome.plan = planning.plan;
    outcome.steps = early_;
    for (const Step& step : steps) outcome.steps.push_back(step.report);
    if (!stop_.stop_requested()) mark_held_back(board, outcome.steps);
    outcome.checks = early_checks_;
    for (const CheckResult& check : execution.checks()) outcome.checks.push_back(check);
    save_journal(run, outcome, steps);
    if (stop_.stop_requested()) {
      outcome.state = RunState::Cancelled;
      run.close(RunState::Cancelled, 0, cancel_->message());
      return {};
    }
    try {
      return publish(run, branch, planning, board, steps, outcome);
    } catch (const Cancelled&) {
      outcome.held_back.clear();
      outcome.branch.clear();
      outcome.state = RunState::Cancelled;
      run.close(RunState::Cancelled, 0, cancel_->message());
      return {};
    }
  }

  // Steps that ended well, and of whose tables some can't be published.
  static void mark_held_back(const Board& board, std::vector<StepReport>& steps) {
    const auto held = board.held_back();
    for (StepReport& step : steps) {
      if (step.state != StepState::Built && step.state != StepState::Unchanged) continue;
      for (const TableName& table : step.tables) {
        const auto found = held.find(table);
        if (found == held.end()) continue;
        step.state = StepState::HeldBack;
        if (!step.error.empty()) step.error += "; ";
        step.error +=
            step.tables.size() == 1 ? found->second : fmt::format("`{}`: {}", to_string(table), found->second);
      }
    }
  }

  std::string macros() const {
    std::string text;
    for (const Macro& macro : lake_.project().macros) text += macro.sql + "\n;\n";
    return text;
  }

  // What it is going to make, by its newest plan: if the process is killed, this is known of it.
  void save_waiting(StartedRun& run, const std::vector<Step>& steps) {
    std::vector<StepReport> waiting;
    for (const Step& step : steps) waiting.push_back(step.report);
    run.write([&] {
      lake_.state().execute_later("delete from step where run = $1", {run.number()});
      run.journal().save_steps(run.number(), waiting);
    });
  }

  // What a run reads that writes nothing.
  std::string as_it_is(const Plan& plan) const {
    return request_.target == "main" && plan.publication > 0 ? fmt::format("at-{}", plan.publication) : request_.target;
  }

  void save_journal(StartedRun& run, const RunOutcome& outcome, const std::vector<Step>& steps) {
    CommandMarks marks(lake_.state());
    run.write([&] {
      for (const Step& step : steps)
        if (step.command != nullptr && step.command->writes.empty() && step.report.state == StepState::Built)
          marks.save(step.command->config->name, {step.command->fingerprint, step.inputs}, lake_.clock().now());

      run.journal().save_steps(run.number(), outcome.steps);
      for (const CheckResult& check : outcome.checks) run.journal().save_check(run.number(), check);
    });
  }

  std::vector<TableName> publish(StartedRun& run, const std::string& branch, const Planning& planning,
                                 const Board& board, const std::vector<Step>& steps, RunOutcome& outcome) {
    outcome.held_back.clear();
    for (const auto& [table, reason] : board.held_back()) outcome.held_back.push_back({table, reason});
    const bool some_step_failed =
        std::ranges::any_of(outcome.steps,
                            [](const StepReport& step) {
                              return step.state == StepState::Failed || step.state == StepState::Skipped;
                            }) ||
        std::ranges::any_of(early_, [](const StepReport& step) { return step.state == StepState::HeldBack; });
    const bool has_failed = some_step_failed || !outcome.held_back.empty();
    outcome.state = has_failed ? RunState::Failed : RunState::Succeeded;
    PublishRequest request = make_publish_request(lake_, branch, run.number(), planning.analysis, board, steps);
    if (has_failed && lake_.project().run.publish == PublishMode::All) request.tables.clear(), request.views.clear();

    const bool something_was_held =
        std::ranges::any_of(outcome.held_back, [&](const HeldBack& held) { return board.is_changed(held.table); });
    const BranchState branch_state = something_was_held ? BranchState::Failed : BranchState::Published;
    if (something_was_held) outcome.branch = branch;
    // The run ends with its publication, or goes on with its sinks.
    const bool goes_on = count_after(planning.plan) > 0;
    const auto end = [&](std::int64_t publication, BranchState state) {
      if (goes_on)
        run.settle(publication, state);
      else
        run.close(outcome.state, publication, message(outcome), state);
    };
    if (request.tables.empty() && request.views.empty()) {
      end(0, something_was_held ? BranchState::Failed : BranchState::Dropped);
    } else {
      request.branch = branch;
      request.run = run.number();
      request.author = request_.author;
      request.message = request_.command;
      if (request_.backfill) request.message += " " + show_intervals(request_.backfill->range, Interval::Day);
      request.first = [&] { run.require_own(); };
      request.also = [&](std::int64_t publication) {
        // Whoever asked until now has nothing published; whoever asks from here on is told that it has ended.
        if (cancel_->is_cancelled()) throw Cancelled{};
        end(publication, branch_state);
      };
      const PublishOutcome published = commit(run, request);
      if (!published.published) return published.conflicts;
      outcome.publication = published.publication;
      for (const PublishTable& table : request.tables) outcome.published.push_back(table.table);
      for (const PublishView& view : request.views) outcome.published.push_back(view.table);
    }
    save_change_marks(lake_, request_.target, planning.analysis, board, steps);
    if (goes_on) carry_out(run, planning, outcome);
    return {};
  }

  static int count_databases(const Plan& plan, bool is_late) {
    return static_cast<int>(std::ranges::count_if(plan.databases, [&](const PlannedDatabaseModel& model) {
      return model.state != PlanState::Fresh && model.is_late == is_late;
    }));
  }

  // What is done after the run's publication.
  static int count_after(const Plan& plan) {
    return count_databases(plan, true) +
           static_cast<int>(std::ranges::count_if(
               plan.sinks, [](const PlannedSink& sink) { return sink.state != PlanState::Fresh; }));
  }

  static std::vector<PlannedDatabaseModel> databases(const Plan& plan, bool is_late) {
    std::vector<PlannedDatabaseModel> models;
    std::ranges::copy_if(plan.databases, std::back_inserter(models),
                         [&](const PlannedDatabaseModel& model) { return model.is_late == is_late; });
    return models;
  }

  // What only reads in its database; sources may read it then.
  void make_in_databases(StartedRun& run, const Planning& planning, RunOutcome& outcome) {
    const auto models = databases(planning.plan, false);
    if (models.empty()) return;
    DatabaseModels making(lake_, planning.analysis, observer_, run.number(), lake_.clock().now(), stop_);
    early_ = making.run(models, {});
    early_checks_ = making.checks();
    outcome.steps = early_;
  }

  // A source must not bring what wasn't made as it should be.
  void block(const Planning& planning, std::vector<Step>& steps) const {
    std::set<TableName> failed;
    for (const StepReport& report : early_)
      if (report.state != StepState::Built && report.state != StepState::Unchanged)
        failed.insert(report.tables.begin(), report.tables.end());
    for (Step& step : steps) {
      for (const SourceTable* table : step.source_tables) {
        const auto reads = planning.analysis.raw_reads.find(table->table());
        if (reads == planning.analysis.raw_reads.end()) continue;
        for (const TableName& model : reads->second)
          if (failed.contains(model))
            step.blocked =
                fmt::format("`{}` in the database, which it reads, wasn't brought up to date", to_string(model));
      }
    }
  }

  // What main has now goes out, whatever else of the run failed: it is sound. Then comes what databases make of it.
  void carry_out(StartedRun& run, const Planning& planning, RunOutcome& outcome) {
    const Plan& plan = planning.plan;
    std::vector<StepReport> steps = Carrying(lake_, engine_, observer_, request_.full_refresh, stop_).run(plan.sinks);
    run.write([&] { run.journal().save_steps(run.number(), steps); });
    std::set<std::string> failed;
    for (const StepReport& step : steps)
      if (step.state == StepState::Failed || step.state == StepState::Cancelled)
        failed.insert(step.name.substr(std::string_view("sink:").size()));
    DatabaseModels making(lake_, planning.analysis, observer_, run.number(), lake_.clock().now(), stop_);
    const std::vector<StepReport> made = making.run(databases(plan, true), failed);
    run.write([&] {
      run.journal().save_steps(run.number(), made);
      for (const CheckResult& check : making.checks()) run.journal().save_check(run.number(), check);
    });
    steps.insert(steps.end(), made.begin(), made.end());
    outcome.steps.insert(outcome.steps.end(), steps.begin(), steps.end());
    outcome.checks.insert(outcome.checks.end(), making.checks().begin(), making.checks().end());
    const auto ended = [&](StepState state) {
      return std::ranges::find(steps, state, &StepReport::state) != steps.end();
    };
    if (ended(StepState::Failed) || ended(StepState::HeldBack)) outcome.state = RunState::Failed;
    if (ended(StepState::Cancelled)) outcome.state = RunState::Cancelled;
    run.close(outcome.state, 0, outcome.state == RunState::Cancelled ? cancel_->message() : message(outcome));
  }

  PublishOutcome commit(StartedRun& run, const PublishRequest& request) {
    try {
      return lake_.catalog().publish(request);
    } catch (...) {
      run.reopen();  // the transaction is gone, and the run's end with it
      throw;
    }
  }

  static std::string message(const RunOutcome& outcome) {
    int failed = 0;
    for (const StepReport& step : outcome.steps) failed += step.state == StepState::Failed ? 1 : 0;
    if (failed == 0 && outcome.held_back.empty()) return {};
    return fmt::format("{} failed, {} held back", failed, outcome.held_back.size());
  }

  Lake& lake_;
  const RunRequest& request_;
  Observer& observer_;
  std::stop_token stop_;  // of the process; once the run has its row, of that too
  CancelWatch* cancel_ = nullptr;
  Engine engine_;
  std::vector<StepReport> early_;  // of models in databases, before all else
  std::vector<CheckResult> early_checks_;
};

}  // namespace

RunOutcome run(Lake& lake, const RunRequest& request, Observer& observer, std::stop_token stop) {
  return Runner(lake, request, observer, std::move(stop)).run();
}

}  // namespace lochan
