#include "run/board.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "check/check.h"
#include "project/rejected_name.h"

namespace lochan {

namespace {

bool is_over(const Step& step) {
  return step.report.state != StepState::Waiting && step.report.state != StepState::Running;
}

}  // namespace

Board::Board(const Analysis& analysis, const Graph& graph, std::vector<Step>& steps, const Pools* pools)
    : analysis_(analysis), graph_(graph), steps_(steps), pools_(pools) {
  for (std::size_t i = 0; i < steps_.size(); ++i)
    for (const TableName& table : steps_[i].writes()) tables_[table].writers.push_back(i);
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    waiting_.push_back(i);
    if (steps_[i].command != nullptr) commands_.emplace(steps_[i].command->config->name, i);
  }
  for (auto& [table, state] : tables_) {
    const auto checks = analysis_.checks.find(table);
    state.has_checks = checks != analysis_.checks.end() && !checks->second.empty();
    if (!state.has_checks) continue;
    unaudited_.insert(table);
    state.is_audited_late = reads_descendants(table, checks->second);
  }
}

bool Board::is_settled(const TableName& table) const {
  const auto found = tables_.find(table);
  return found == tables_.end() || found->second.finished == found->second.writers.size();
}

// An audit whose checks read what is made from the table can't come before its readers.
bool Board::reads_descendants(const TableName& table, const std::vector<AnalysedCheck>& checks) const {
  const std::set<TableName> below = graph_.downstream(table);
  return std::ranges::any_of(checks, [&](const AnalysedCheck& check) {
    return std::ranges::any_of(check.reads,
                               [&](const TableName& read) { return tables_.contains(read) && below.contains(read); });
  });
}

bool Board::may_be_read(const TableName& written) const {
  const TableName table = rejected_of(written).value_or(written);  // both, or none
  const auto found = tables_.find(table);
  if (found == tables_.end()) return true;
  return is_settled(table) && (found->second.audit_finished || found->second.is_audited_late);
}

bool Board::is_audit_ready(const TableName& table) const {
  const TableState& state = tables_.at(table);
  if (state.audit_started || !is_settled(table)) return false;
  return std::ranges::all_of(analysis_.checks.at(table), [&](const AnalysedCheck& check) {
    return std::ranges::all_of(check.reads, [&](const TableName& read) { return is_settled(read); });
  });
}

// Nothing that its checks look at has moved, so they hold as they did.
bool Board::needs_audit(const TableName& table) const {
  if (!tables_.at(table).is_built) return false;
  if (is_changed(table)) return true;
  // A table grows old by standing still, and its source may move away from it.
  if (std::ranges::any_of(analysis_.checks.at(table),
                          [](const AnalysedCheck& check) { return is_of_now(*check.config); }))
    return true;
  return std::ranges::any_of(analysis_.checks.at(table), [&](const AnalysedCheck& check) {
    return std::ranges::any_of(check.reads, [&](const TableName& read) { return is_changed(read); });
  });
}

std::string Board::unfit_input(const Step& step) const {
  if (std::string unfit = unfit_command(step); !unfit.empty()) return unfit;
  for (const TableName& read : step.reads()) {
    const TableName input = rejected_of(read).value_or(read);
    const auto found = tables_.find(input);
    if (found == tables_.end() || !is_settled(input)) continue;
    const TableState& state = found->second;
    if (!state.is_built) return fmt::format("`{}` was not built", to_string(input));
    if (!state.failed_checks.empty()) return fmt::format("`{}` failed its audit", to_string(input));
  }
  return {};
}

std::string Board::unfit_command(const Step& step) const {
  if (step.command == nullptr) return {};
  for (const LocatedText& before : step.command->config->after) {
    const auto found = commands_.find(*before);
    if (found == commands_.end()) continue;
    const StepState state = steps_[found->second].report.state;
    if (state == StepState::Failed || state == StepState::Skipped || state == StepState::Cancelled)
      return fmt::format("`command:{}` {}", *before, state == StepState::Failed ? "failed" : "was not run");
  }
  return {};
}

bool Board::may_start(const Step& step) const {
  const auto is_being_written = [&](const TableName& table) { return being_written_.contains(table); };
  if (std::ranges::any_of(step.report.tables, is_being_written)) return false;
  const auto has_come = [&](const LocatedText& before) {
    const auto found = commands_.find(*before);
    return found == commands_.end() || is_over(steps_[found->second]);
  };
  if (step.command != nullptr && !std::ranges::all_of(step.command->config->after, has_come)) return false;
  return std::ranges::all_of(step.reads(), [&](const TableName& input) { return may_be_read(input); });
}

// A step whose input failed ends without being tried; its readers follow in the same way.
void Board::skip_blocked() {
  while (std::exchange(has_new_failure_, false)) {
    for (const std::size_t i : std::vector(waiting_)) {
      const std::string unfit = unfit_input(steps_[i]);
      if (unfit.empty()) continue;
      std::erase(waiting_, i);
      step_finished(i, StepState::Skipped, unfit);
      skipped_.push_back(i);
    }
  }
}

std::optional<Task> Board::take_audit() {
  for (auto next = unaudited_.begin(); next != unaudited_.end();) {
    const TableName table = *next++;
    if (!is_audit_ready(table)) continue;
    TableState& state = tables_.at(table);
    state.audit_started = true;
    unaudited_.erase(table);
    if (needs_audit(table)) return Task{Task::Kind::Audit, 0, table};
    state.audit_finished = true;
  }
  return std::nullopt;
}

std::optional<Task> Board::take() {
  if (cancelled_) return std::nullopt;
  skip_blocked();
  if (auto audit = take_audit()) return audit;
  for (const std::size_t i : waiting_) {
    Step& step = steps_[i];
    if (!may_start(step) || !take_places(i)) continue;
    step.report.state = StepState::Running;
    being_written_.insert(step.report.tables.begin(), step.report.tables.end());
    std::erase(waiting_, i);
    return Task{Task::Kind::Step, i, {}};
  }
  return std::nullopt;
}

Board::Time Board::ready_since(const Step& step) const {
  Time since = began_;
  for (const TableName& read : step.reads())
    if (const auto found = tables_.find(read); found != tables_.end()) since = std::max(since, found->second.settled_at);
  return since;
}

bool Board::take_places(std::size_t step) {
  if (pools_ == nullptr) return true;
  const std::vector<std::string> connections = steps_[step].connections();
  if (connections.empty()) return true;
  auto places = pools_->try_take(connections);
  if (!places) return false;
  if (!places->empty()) places_.emplace(step, std::move(*places));
  return true;
}

bool Board::has_ready(std::size_t number) const {
  for (auto next = waiting_.begin(); number > 0 && next != waiting_.end(); ++next)
    if (may_start(steps_[*next])) --number;
  return number == 0;
}

bool Board::is_done() const {
  if (!std::ranges::all_of(steps_, is_over)) return false;
  return std::ranges::all_of(tables_, [&](const auto& entry) {
    const TableState& state = entry.second;
    return state.audit_finished || (cancelled_ && !state.audit_started);
  });
}

void Board::step_finished(std::size_t step, StepState state, const std::string& error) {
  StepReport& report = steps_[step].report;
  report.state = state;
  report.error = error;
  places_.erase(step);
  for (const TableName& table : steps_[step].writes()) {
    being_written_.erase(table);
    TableState& made = tables_.at(table);
    ++made.finished;
    made.settled_at = std::chrono::steady_clock::now();
    const bool ended_well = state == StepState::Built || state == StepState::Unchanged;
    if (ended_well) made.is_built = true;
    if (!error.empty()) made.failure = state == StepState::Failed ? "its step failed" : error, has_new_failure_ = true;
    if (!made.has_checks && made.finished == made.writers.size()) made.audit_finished = true;
    if (rejected_of(table)) {
      if (ended_well && steps_[step].logged.contains(table)) made.is_changed = true;
    } else if (steps_[step].is_source()) {
      for (const LoadedTable& loaded : steps_[step].loaded)
        if (loaded.table == table && loaded.changed) made.is_changed = true;
    } else if (state == StepState::Built && (steps_[step].command == nullptr || steps_[step].changed_outputs.contains(table))) {
      made.is_changed = true;
    }
  }
  has_new_failure_ = has_new_failure_ || (steps_[step].command != nullptr && !error.empty());
}

void Board::audit_finished(const TableName& table, const std::string& failed) {
  TableState& state = tables_.at(table);
  state.audit_finished = true;
  state.settled_at = std::chrono::steady_clock::now();
  state.failed_checks = failed;
  has_new_failure_ = has_new_failure_ || !failed.empty();
}

void Board::cancel() {
  cancelled_ = true;
  for (const std::size_t i : std::exchange(waiting_, {})) step_finished(i, StepState::Cancelled, "cancelled");
}

bool Board::is_changed(const TableName& table) const {
  const auto found = tables_.find(table);
  return found != tables_.end() && found->second.is_changed;
}

std::set<TableName> Board::guards(const TableName& table) const {
  std::set<TableName> result;
  const auto checks = analysis_.checks.find(table);
  if (checks == analysis_.checks.end()) return result;
  for (const AnalysedCheck& check : checks->second)
    if (check.config->severity == Severity::Error) result.insert(check.reads.begin(), check.reads.end());
  return result;
}

std::map<TableName, std::string> Board::held_back() const {
  auto held = all_held_back();
  std::erase_if(held, [](const auto& entry) { return rejected_of(entry.first).has_value(); });
  return held;
}

std::map<TableName, std::string> Board::all_held_back() const {
  std::map<TableName, std::string> held;
  const auto hold = [&](const TableName& table, const std::string& reason) {
    return held.emplace(table, reason).second;
  };
  for (const auto& [table, state] : tables_) {
    if (!state.is_built) hold(table, state.failure.empty() ? "its step did not end" : state.failure);
    if (!state.audit_finished) hold(table, "it was not audited");
    if (state.failed_checks.empty()) continue;
    hold(table, state.failed_checks);
    // The table itself may not have moved: then what its checks read has, and must not be published.
    if (!state.is_changed)
      for (const TableName& read : guards(table))
        if (is_changed(read)) hold(read, fmt::format("with it, `{}` fails: {}", to_string(table), state.failed_checks));
  }
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& [table, state] : tables_) {
      if (held.contains(table)) continue;
      // Refused records are published with their table, and not without it.
      if (const auto base = rejected_of(table); base && held.contains(*base))
        grown = hold(table, fmt::format("`{}` is held back", to_string(*base))) || grown;
      for (const TableName& input : graph_.inputs(table))
        if (held.contains(input))
          grown = hold(table, fmt::format("it reads `{}`, which is held back", to_string(input))) || grown;
      for (const TableName& read : guards(table))
        if (held.contains(read))
          grown = hold(table, fmt::format("its checks read `{}`, which is held back", to_string(read))) || grown;
    }
  }
  return held;
}

std::vector<TableName> Board::publishable() const {
  const auto held = all_held_back();
  std::vector<TableName> result;
  for (const auto& [table, state] : tables_)
    if (state.is_built && !held.contains(table) && (state.is_changed || !rejected_of(table))) result.push_back(table);
  return result;
}

std::vector<std::size_t> Board::drain_skipped() { return std::exchange(skipped_, {}); }

}  // namespace lochan
