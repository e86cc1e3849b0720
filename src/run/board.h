// The board says what may go on next: steps when what they read is built and audited, audits when all that their checks
// read is built, and at the end which tables are held back. Plain logic but for the places in pools: no engine, no threads.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plan/graph.h"
#include "run/pools.h"
#include "run/step.h"

namespace lochan {

/// One thing for a worker to do.
struct Task {
  enum class Kind { Step, Audit };
  Kind kind = Kind::Step;
  std::size_t step = 0;  // of a step
  TableName table;       // of an audit
};

class Board {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// All must outlive the board; the board writes the states of the steps' reports. Without `pools` no step waits for a
  /// place in one.
  Board(const Analysis& analysis, const Graph& graph, std::vector<Step>& steps, const Pools* pools = nullptr);

  /// The next task that may start now, marked as started; nothing when all have to wait or are done.
  std::optional<Task> take();
  bool is_done() const;
  /// Whether at least so many steps could be taken now.
  bool has_ready(std::size_t number) const;

  void step_finished(std::size_t step, StepState state, const std::string& error);
  /// Since when the step could have begun: what it reads was ready.
  Time ready_since(const Step& step) const;
  /// `failed` are the error checks that didn't hold, for people; empty when all did.
  void audit_finished(const TableName& table, const std::string& failed);
  /// Nothing more is taken; what waits is marked cancelled.
  void cancel();

  /// Tables of this run that were built or whose ancestry moved, and are fit to be published.
  std::vector<TableName> publishable() const;
  /// Those that are not, each with the reason.
  std::map<TableName, std::string> held_back() const;
  /// Whether some step of this run made a new version of the table.
  bool is_changed(const TableName& table) const;
  /// Tables that the error checks of `table` read.
  std::set<TableName> guards(const TableName& table) const;
  /// Steps that ended by themselves since the last call (skipped for what they read): for the observer.
  std::vector<std::size_t> drain_skipped();

 private:
  struct TableState {
    std::vector<std::size_t> writers;
    std::size_t finished = 0;  // of the writers
    bool is_built = false;     // at least one writer ended well
    bool is_changed = false;
    std::string failure;  // why its writers failed, when all did
    bool has_checks = false;
    bool is_audited_late = false;  // its checks read what is made from it
    bool audit_started = false;
    bool audit_finished = false;
    std::string failed_checks;
    Time settled_at{};  // its last writer or its audit ended
  };

  std::map<TableName, std::string> all_held_back() const;
  bool is_settled(const TableName& table) const;   // no writer is to come
  bool may_be_read(const TableName& table) const;  // settled, and audited as far as that comes first
  bool is_audit_ready(const TableName& table) const;
  bool needs_audit(const TableName& table) const;
  bool reads_descendants(const TableName& table, const std::vector<AnalysedCheck>& checks) const;
  std::optional<Task> take_audit();
  std::string unfit_input(const Step& step) const;  // "" when all inputs are fit
  std::string unfit_command(const Step& step) const;  // that it comes after
  bool may_start(const Step& step) const;
  bool take_places(std::size_t step);
  void skip_blocked();

  const Time began_ = std::chrono::steady_clock::now();
  const Analysis& analysis_;
  const Graph& graph_;
  std::vector<Step>& steps_;
  const Pools* const pools_;
  std::map<std::size_t, Places> places_;  // of running steps
  std::map<TableName, TableState> tables_;
  std::set<TableName> being_written_;
  std::vector<std::size_t> waiting_;  // steps, in the plan's order
  std::map<std::string, std::size_t> commands_;  // steps, by their names
  std::set<TableName> unaudited_;     // tables with checks that were not started
  bool has_new_failure_ = false;
  std::vector<std::size_t> skipped_;
  bool cancelled_ = false;
};

}  // namespace lochan
