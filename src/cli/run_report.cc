#include "cli/run_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/text_table.h"
#include "project/rejected_name.h"

namespace lochan {
namespace {

constexpr std::size_t kSampleCellWidth = 32;

std::string tables(std::size_t count) { return text::plural(static_cast<std::int64_t>(count), "table"); }

std::string are(std::int64_t count) { return count == 1 ? "1 table is" : fmt::format("{} tables are", count); }

std::string nothing_to_do(const Plan& plan) {
  const std::int64_t held = std::ranges::count(plan.tables, PlanState::Held, &PlannedTable::state);
  const std::int64_t fresh = std::ssize(plan.tables) - held;
  std::vector<std::string> said;
  const std::int64_t sinks = std::ssize(plan.sinks);
  if (plan.tables.empty() && sinks > 0)
    said.push_back(fmt::format("{} up to date", sinks == 1 ? "1 sink is" : fmt::format("{} sinks are", sinks)));
  else if (plan.tables.empty() && !plan.commands.empty())
    said.push_back(fmt::format("{} up to date", plan.commands.size() == 1
                                                    ? "1 command is"
                                                    : fmt::format("{} commands are", plan.commands.size())));
  else if (plan.tables.empty() && !plan.databases.empty())
    said.push_back(are(std::ssize(plan.databases)) + " up to date");
  else if (fresh > 0 || held == 0)
    said.push_back(are(fresh) + " up to date");
  if (held > 0) said.push_back(are(held) + " held after a rollback");
  return fmt::format("nothing to do: {}", fmt::join(said, ", "));
}

/// "2 sinks carried 1234 rows out".
std::string carried_out(const RunOutcome& outcome) {
  std::int64_t sinks = 0, rows = 0;
  for (const StepReport& step : outcome.steps) {
    if (step.kind != "sink" || step.state != StepState::Built) continue;
    ++sinks;
    rows += step.rows_written;
  }
  return sinks == 0 ? "" : fmt::format("{} carried {} out", text::plural(sinks, "sink"), text::plural(rows, "row"));
}

std::int64_t commands_run(const RunOutcome& outcome) {
  return std::ranges::count_if(outcome.steps, [](const StepReport& step) {
    return step.kind == "command" && step.state == StepState::Built;
  });
}

bool is_in_database(const RunOutcome& outcome, const StepReport& step) {
  return std::ranges::any_of(outcome.plan.databases,
                             [&](const PlannedDatabaseModel& model) { return to_string(model.table) == step.name; });
}

/// "2 tables made in databases".
std::string made_in_databases(const RunOutcome& outcome) {
  const auto made = std::ranges::count_if(outcome.steps, [&](const StepReport& step) {
    return step.state == StepState::Built && is_in_database(outcome, step);
  });
  return made == 0 ? "" : fmt::format("{} made in databases", text::plural(made, "table"));
}

std::string headline(const RunOutcome& outcome, const RunRequest& request) {
  const std::string run =
      outcome.run == 0 ? "" : fmt::format(" (run {}, {})", outcome.run, text::human_seconds(outcome.seconds));
  if (outcome.state == RunState::Nothing) return nothing_to_do(outcome.plan);
  const std::string made = made_in_databases(outcome);
  if (outcome.publication)
    return fmt::format("published {} as publication {}{}{}", tables(outcome.published.size()), *outcome.publication,
                       made.empty() ? "" : ", " + made, run);
  if (!outcome.published.empty())
    return fmt::format("put {} on branch {}{}", tables(outcome.published.size()), request.target, run);
  if (const std::string carried = carried_out(outcome); !carried.empty() && outcome.state == RunState::Succeeded)
    return fmt::format("nothing to publish: {}{}{}", carried, made.empty() ? "" : ", " + made, run);
  if (!made.empty() && outcome.state == RunState::Succeeded) return fmt::format("nothing to publish: {}{}", made, run);
  if (const std::int64_t commands = commands_run(outcome); commands > 0 && outcome.state == RunState::Succeeded)
    return fmt::format("{} ran: nothing to publish{}", text::plural(commands, "command"), run);
  if (outcome.state == RunState::Cancelled) return "cancelled: nothing was published" + run;
  if (outcome.state == RunState::Succeeded) return "nothing new: nothing to publish" + run;
  return "nothing was published" + run;
}

void print_failed_steps(Terminal& terminal, const RunOutcome& outcome) {
  for (const StepReport& step : outcome.steps) {
    if (step.state == StepState::HeldBack && is_in_database(outcome, step))
      terminal.print(fmt::format("{} {}: {}; what was there stays", terminal.paint(Color::Yellow, "held back"),
                                 step.name, step.error));
    if (step.state == StepState::Failed)
      terminal.print(fmt::format("{} {}: {}", terminal.paint(Color::Red, "failed"), step.name, step.error));
  }
}

void print_rejected(Terminal& terminal, const RunOutcome& outcome) {
  for (const StepReport& step : outcome.steps) {
    if (step.rows_rejected == 0 || (step.state != StepState::Built && step.state != StepState::Unchanged && step.state != StepState::HeldBack)) continue;
    std::vector<std::string> logs;
    for (const TableName& table : step.tables) logs.push_back(to_string(rejected_table(table)));
    terminal.print(fmt::format("{} {} of {}: see {}", terminal.paint(Color::Yellow, "rejected"),
                               text::plural(step.rows_rejected, "row"), step.name, fmt::join(logs, ", ")));
  }
}

/// Whether the branch has a table of this run to look at.
bool was_made(const RunOutcome& outcome, const TableName& table) {
  return std::ranges::any_of(outcome.steps, [&](const StepReport& step) {
    const bool is_done =
        step.state == StepState::Built || step.state == StepState::HeldBack || step.state == StepState::Unchanged;
    return is_done && std::ranges::find(step.tables, table) != step.tables.end();
  });
}

void print_held_back(Terminal& terminal, const RunOutcome& outcome) {
  for (const HeldBack& held : outcome.held_back) {
    terminal.print(
        fmt::format("{} {}: {}", terminal.paint(Color::Yellow, "held back"), to_string(held.table), held.reason));
    if (!outcome.branch.empty() && was_made(outcome, held.table))
      terminal.print(fmt::format("  look at it: lochan query --branch {} \"select * from {}\"", outcome.branch,
                                 to_string(held.table)));
  }
}

std::string place(const CheckResult& check) {
  return check.position.is_known() ? fmt::format("  ({})", to_string(check.position)) : "";
}

}  // namespace

void print_failing_checks(Terminal& terminal, std::span<const CheckResult> checks) {
  for (const CheckResult& check : checks) {
    if (check.passed()) continue;
    const bool is_error = check.severity == Severity::Error;
    const std::string found = check.error.empty() ? fmt::format("failed on {}", text::plural(check.failing, "row"))
                                                  : "could not be run: " + check.error;
    terminal.print(
        fmt::format("{} {} of {} {}{}",
                    is_error ? terminal.paint(Color::Red, "check") : terminal.paint(Color::Yellow, "warning: check"),
                    check.name, to_string(check.table), found, place(check)));
    if (check.sample.empty()) continue;
    terminal.write(render_rows(check.sample, kSampleCellWidth, "  "));
    const auto shown = static_cast<std::int64_t>(check.sample.rows.size());
    if (shown < check.failing) terminal.print(fmt::format("   … and {} more", check.failing - shown));
  }
}

void print_outcome(Terminal& terminal, const RunOutcome& outcome, const RunRequest& request) {
  print_failed_steps(terminal, outcome);
  print_rejected(terminal, outcome);
  print_failing_checks(terminal, outcome.checks);
  print_held_back(terminal, outcome);
  const bool is_good = outcome.state == RunState::Succeeded || outcome.state == RunState::Nothing;
  terminal.print(terminal.paint(is_good ? Color::Green : Color::Yellow, headline(outcome, request)));
}

void print_plan(Terminal& terminal, const Plan& plan) {
  std::vector<std::vector<std::string>> lines;
  std::map<PlanState, std::int64_t> counts;
  for (const PlannedTable& planned : plan.tables) {
    ++counts[planned.state];
    const bool is_made_again = planned.rebuild && !planned.is_raw && planned.reason != "never built";
    lines.push_back({to_string(planned.table), std::string(to_string(planned.state)),
                     is_made_again ? planned.reason + " (built anew)" : planned.reason});
  }
  for (const PlannedCommand& planned : plan.commands) {
    ++counts[planned.state];
    lines.push_back({"command:" + planned.name, std::string(to_string(planned.state)), planned.reason});
  }
  const auto add_databases = [&](bool is_late) {
    for (const PlannedDatabaseModel& planned : plan.databases) {
      if (planned.is_late != is_late) continue;
      ++counts[planned.state];
      lines.push_back({fmt::format("{} in {}", to_string(planned.table), planned.connection),
                       std::string(to_string(planned.state)), planned.reason});
    }
  };
  add_databases(false);
  std::ranges::rotate(lines, lines.end() - std::ranges::count(plan.databases, false, &PlannedDatabaseModel::is_late));
  for (const PlannedSink& planned : plan.sinks) {
    ++counts[planned.state];
    lines.push_back({"sink:" + planned.name, std::string(to_string(planned.state)), planned.reason});
  }
  add_databases(true);
  if (!lines.empty()) terminal.print(align(lines));
  std::string summary;
  for (const auto& [state, number] : counts)
    summary += fmt::format("{}{} {}", summary.empty() ? "" : ", ", number, to_string(state));
  terminal.print(plan.has_work() ? summary : fmt::format("nothing to do{}{}", summary.empty() ? "" : ": ", summary));
}

int exit_code(RunState state) {
  switch (state) {
    case RunState::Succeeded:
    case RunState::Nothing:
      return kExitDone;
    case RunState::Cancelled:
      return kExitInterrupted;
    case RunState::Queued:
    case RunState::Running:
    case RunState::Failed:
    case RunState::Dead:
      return kExitFailed;
  }
  return kExitFailed;
}

}  // namespace lochan
