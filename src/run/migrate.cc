#include "run/migrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <map>

#include "base/error.h"
#include "base/sql.h"
#include "base/text.h"
#include "run/cancelling.h"
#include "run/migrate_copy.h"
#include "run/migrate_definitions.h"
#include "run/migrate_file.h"
#include "run/migrate_target.h"
#include "run/started_run.h"

namespace lochan {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTellEvery{5};
constexpr std::string_view kSchema = "schema", kFinish = "keys and views";

const Connection& server(const Project& project, const std::string& name) {
  const auto found = project.connections.find(name);
  std::vector<std::string> names;
  for (const auto& [other, connection] : project.connections)
    if (connection.kind == "postgres") names.push_back(other);
  if (found == project.connections.end())
    throw Error(ErrorKind::Usage, fmt::format("no connection `{}`", name))
        .hint(text::did_you_mean(name, names, "lochan.yaml lists the connections"));
  if (found->second.kind != "postgres")
    throw Error(ErrorKind::Usage,
                fmt::format("`{}` is a connection of the kind `{}`, and a migration goes from PostgreSQL to PostgreSQL",
                            name, found->second.kind))
        .at(found->second.position)
        .hint("a source and a sink carry other kinds over");
  return found->second;
}

std::string shown(const MigratedTable& table) { return fmt::format("{}.{}", table.schema_out, table.name); }

class Migrating {
 public:
  Migrating(Lake& lake, const MigrateRequest& request, const std::vector<MigratedTable>& queue, Observer& observer,
            StartedRun& run, const CancelWatch& cancel)
      : lake_(lake),
        request_(request),
        queue_(queue),
        observer_(observer),
        run_(run),
        cancel_(cancel),
        stop_(cancel.token()) {}

  MigrateOutcome run() {
    outcome_.run = run_.number();
    make_steps();
    // The whole run reads what the source was at one instant.
    PostgresConnection source(server(lake_.project(), request_.from).location, request_.from);
    PostgresConnection target(server(lake_.project(), request_.to).location, request_.to);
    const auto is_stopped = [this] { return stop_.stop_requested(); };
    source.stop_when(is_stopped);
    target.stop_when(is_stopped);
    const Definitions definitions = read_source(source);
    MigrateTarget place(target, queue_, definitions, request_.from);
    place.lock();
    place.check();
    source_ = &source, target_ = &target, place_ = &place;
    outcome_.left_out = definitions.left_out;
    compare_earlier();
    observer_.run_started(run_.number(), static_cast<int>(outcome_.steps.size()));
    save();
    carry_out();
    return std::move(outcome_);
  }

 private:
  void make_steps() {
    const auto add = [&](std::string name, std::string kind, std::string reason) {
      StepReport& step = outcome_.steps.emplace_back();
      step.name = std::move(name);
      step.kind = std::move(kind);
      step.reason = std::move(reason);
    };
    add(std::string(kSchema), "schema", "types, functions, sequences and tables");
    for (const MigratedTable& table : queue_)
      add(shown(table), "migrate",
          fmt::format("{}.{} of {} to {} of {}", table.schema_in, table.name, request_.from, shown(table),
                      request_.to));
    add(std::string(kFinish), "schema", "comparison, foreign keys, triggers, views and sequences");
  }

  Definitions read_source(PostgresConnection& source) {
    if (std::stoi(source.query("show server_version_num").value()) < 130000)
      throw Error(ErrorKind::Data, fmt::format("connection `{}`: its server is PostgreSQL {}, wanted 13 or newer",
                                               request_.from, source.query("show server_version").value()))
          .hint(
              "older ones don't tell all that a migration asks: bring it up to date with pg_upgrade or pg_dump first");
    source.execute(
        "begin isolation level repeatable read read only; set local idle_in_transaction_session_timeout = 0");
    std::string path;
    for (const std::string& schema : schemas_of(queue_, false))
      path += fmt::format("{}{}", path.empty() ? "" : ", ", sql::identifier(schema));
    source.execute(fmt::format("set local search_path to {}", path));
    return read_definitions(source, queue_);
  }

  std::string from(const MigratedTable& table) const { return quoted_table(table.schema_in, table.name); }
  std::string to(const MigratedTable& table) const { return quoted_table(table.schema_out, table.name); }

  // Tables that an earlier call brought. What the target has of them must be as it was left; where the source has moved
  // on, they are brought again, as long as the migration wasn't finished.
  void compare_earlier() {
    for (const MigratedTable& table : queue_) {
      const MigrateMark* const mark = place_->mark(table);
      if (mark == nullptr || !mark->copied) continue;
      const RowsDigest now = digest_rows(*source_, from(table), place_->columns(table));
      const RowsDigest there = digest_rows(*target_, to(table), place_->columns(table));
      if (there == now) {
        step(shown(table)).state = StepState::Unchanged;
        digests_[table.name] = now;
      } else if (there != *mark->copied) {
        throw Error(ErrorKind::Data, fmt::format("`{}` was changed at the target since run {} brought it: {}",
                                                 shown(table), mark->run, difference(*mark->copied, there)))
            .at(table.position)
            .hint(fmt::format("to have it migrated again, drop it: `drop table {} cascade`; nothing was written",
                              to(table)));
      } else if (mark->is_finished) {
        throw Error(ErrorKind::Data, fmt::format("`{}` has changed at the source since run {} brought it: {}",
                                                 shown(table), mark->run, difference(there, now)))
            .at(table.position)
            .hint(fmt::format("a migration is made once: a source and a sink follow what changes; to migrate again, "
                              "drop what is at the target: `drop table {} cascade`",
                              to(table)));
      }
    }
  }

  static std::string difference(const RowsDigest& before, const RowsDigest& after) {
    if (before.rows == after.rows) return fmt::format("as many rows, {}, with other values", before.rows);
    return fmt::format("{} then, {} now", text::plural(before.rows, "row"), after.rows);
  }

  StepReport& step(std::string_view name) { return *std::ranges::find(outcome_.steps, name, &StepReport::name); }

  void carry_out() {
    bool is_good = do_step(kSchema, [&](StepReport& report) {
      if (!place_->is_anything_missing()) return report.state = StepState::Unchanged, void();
      target_->transaction([&] { place_->make_missing(run_.number()); });
    });
    for (const MigratedTable& table : queue_) {
      if (!is_good) break;
      if (step(shown(table)).state == StepState::Unchanged)
        observer_.step_finished(step(shown(table)));
      else
        is_good = do_step(shown(table), [&](StepReport& report) { copy(table, report); });
    }
    if (is_good) is_good = do_step(kFinish, [&](StepReport& report) { finish(report); });
    end(is_good);
  }

  // The table whole, with its mark, or nothing of it.
  void copy(const MigratedTable& table, StepReport& report) {
    const std::string to_table = to(table);
    const MigrateMark* const mark = place_->mark(table);
    target_->transaction([&] {
      target_->execute(fmt::format("lock table {} in row exclusive mode", to_table));
      if (mark != nullptr && mark->copied)
        target_->execute(mark->is_made ? fmt::format("truncate {}", to_table)
                                       : fmt::format("delete from {}", to_table));
      auto told_at = SteadyClock::now();
      report.rows_read =
          copy_rows(*source_, from(table), *target_, to_table, place_->columns(table), [&](std::int64_t rows) {
            if (stop_.stop_requested()) throw Error(ErrorKind::Unavailable, "interrupted");
            if (SteadyClock::now() < told_at + kTellEvery) return;
            told_at = SteadyClock::now();
            observer_.write(LogLevel::Info, fmt::format("{}: {} so far", report.name, text::plural(rows, "row")));
          });
      // While the target makes its indexes the source sums up its rows.
      auto digest =
          std::async(std::launch::async, [&] { return digest_rows(*source_, from(table), place_->columns(table)); });
      place_->complete(table);
      digests_[table.name] = digest.get();
      place_->save_copied(table, digests_[table.name], run_.number());
    });
    report.rows_written = *report.rows_read;
    outcome_.rows += report.rows_written;
  }

  // Compares first, so that nothing is built on rows that differ.
  void finish(StepReport& report) {
    const bool is_new = std::ranges::any_of(queue_, [&](const MigratedTable& table) {
      const MigrateMark* const mark = place_->mark(table);
      return mark == nullptr || !mark->is_finished;
    });
    if (!is_new && !place_->is_anything_missing()) return report.state = StepState::Unchanged, void();
    target_->transaction([&] {
      for (const MigratedTable& table : queue_) {
        if (step(shown(table)).state == StepState::Unchanged) continue;  // was compared at the beginning
        const RowsDigest there = digest_rows(*target_, to(table), place_->columns(table));
        if (there == digests_.at(table.name)) continue;
        throw Error(ErrorKind::Data,
                    fmt::format("`{}` differs: {} at `{}`, {} at `{}`{}", shown(table),
                                text::plural(digests_.at(table.name).rows, "row"), request_.from, there.rows,
                                request_.to, there.rows == digests_.at(table.name).rows ? ", of other values" : ""))
            .at(table.position)
            .hint("somebody or a trigger writes to the target: see to it, drop the table and call again");
      }
      const std::vector<std::string> left_out = place_->finish();
      outcome_.left_out.insert(outcome_.left_out.end(), left_out.begin(), left_out.end());
    });
  }

  bool do_step(std::string_view name, const std::function<void(StepReport&)>& work) {
    StepReport& report = step(name);
    report.state = StepState::Running;
    report.attempts = 1;
    observer_.step_started(report);
    const auto began = SteadyClock::now();
    try {
      if (stop_.stop_requested()) throw Error(ErrorKind::Unavailable, "interrupted");
      work(report);
      if (report.state == StepState::Running) report.state = StepState::Built;
    } catch (const Error& error) {
      const bool is_stopped = stop_.stop_requested();
      report.state = is_stopped ? StepState::Cancelled : StepState::Failed;
      report.error = is_stopped ? "cancelled: nothing of it was kept" : with_advice(error);
    }
    report.seconds = std::chrono::duration<double>(SteadyClock::now() - began).count();
    observer_.step_finished(report);
    save();
    return report.error.empty();
  }

  static std::string with_advice(const Error& error) {
    if (!error.hint().empty() || error.kind() == ErrorKind::Data) return error.what();
    return fmt::format("{}\n  hint: call `lochan migrate` again: it goes on where it stopped", error.what());
  }

  void end(bool is_good) {
    std::string failed;
    for (StepReport& report : outcome_.steps) {
      if (report.state == StepState::Failed) failed = report.name;
      if (report.state != StepState::Waiting) continue;
      report.state = stop_.stop_requested() ? StepState::Cancelled : StepState::Skipped;
      report.error = stop_.stop_requested() ? "cancelled" : fmt::format("`{}` failed before it", failed);
    }
    outcome_.state = is_good ? RunState::Succeeded : stop_.stop_requested() ? RunState::Cancelled : RunState::Failed;
    save();
    run_.close(outcome_.state, 0,
               is_good          ? ""
               : failed.empty() ? cancel_.message()
                                : fmt::format("`{}` failed", failed));
  }

  void save() {
    run_.write([&] {
      lake_.state().execute("delete from step where run = $1", {run_.number()});
      run_.journal().save_steps(run_.number(), outcome_.steps);
    });
  }

  Lake& lake_;
  const MigrateRequest& request_;
  const std::vector<MigratedTable>& queue_;
  Observer& observer_;
  StartedRun& run_;
  const CancelWatch& cancel_;
  std::stop_token stop_;
  MigrateOutcome outcome_;
  PostgresConnection* source_ = nullptr;
  PostgresConnection* target_ = nullptr;
  MigrateTarget* place_ = nullptr;
  std::map<std::string, RowsDigest> digests_;  // of the source, by the table's name in the file
};

void check_places(const std::vector<MigratedTable>& queue, const MigrateRequest& request, const Project& project) {
  const bool is_one_server = server(project, request.from).location == server(project, request.to).location;
  for (const MigratedTable& table : queue)
    if (is_one_server && table.schema_in == table.schema_out)
      throw Error(ErrorKind::Usage, fmt::format("`{}` would be migrated onto itself", shown(table)))
          .at(table.position)
          .hint("give another `schema_out`, or another connection");
}

}  // namespace

MigrateOutcome migrate_tables(Lake& lake, const MigrateRequest& request, Observer& observer, std::stop_token stop) {
  const auto began = SteadyClock::now();
  const std::vector<MigratedTable> queue = read_migrate_file(request.file);
  check_places(queue, request, lake.project());
  StartedRun run(lake, {.command = "migrate",
                        .selection = request.file.filename().string(),
                        .author = request.author,
                        .target = "main",
                        .tick = {}});
  CancelWatch cancel(lake.state(), run.number(), stop);
  MigrateOutcome outcome;
  try {
    outcome = Migrating(lake, request, queue, observer, run, cancel).run();
  } catch (const Error& error) {
    const bool is_stopped = cancel.token().stop_requested();
    run.close(is_stopped ? RunState::Cancelled : RunState::Failed, 0, is_stopped ? cancel.message() : error.message());
    if (!is_stopped) throw;
    outcome.run = run.number();
    outcome.state = RunState::Cancelled;
  }
  outcome.seconds = std::chrono::duration<double>(SteadyClock::now() - began).count();
  return outcome;
}

}  // namespace lochan
