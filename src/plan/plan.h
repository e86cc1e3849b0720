// The plan: what is stale, why, and in what order it will be brought up to date.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "plan/analysis.h"
#include "plan/graph.h"
#include "project/project.h"
#include "project/time_range.h"

namespace lochan {

/// `Depends`: its inputs may move in this run; whether it is stale is known once they have been read.
enum class PlanState { Fresh, Stale, Depends, Held };
std::string_view to_string(PlanState state);

/// A part of a backfill: these intervals of the selected models by time, and no others.
struct BackfillPart {
  std::int64_t backfill = 0;  // its number
  TimeRange range;
};

/// Which rejected records of the selected tables are tried again, instead of building them.
struct ReplayPart {
  std::optional<std::int64_t> run;  // only those of this run
  std::string check;                // only those that this check refused
};

struct PlannedTable {
  TableName table;
  bool is_raw = false;
  PlanState state = PlanState::Fresh;
  std::string reason;    // "never built", "code changed", "raw.sale moved", "branch_1 may have new rows"
  bool rebuild = false;  // models: as if nothing were there
  bool full_refresh = false;  // and because a person asked for it
  std::optional<BackfillPart> backfill;  // incremental by time
  std::optional<ReplayPart> replay;
  std::vector<std::string> connections;  // raw: those that will be asked
  std::string command;                   // that writes it; of other tables ""
};

/// Its outputs are among the plan's tables, in the same state.
struct PlannedCommand {
  std::string name;
  PlanState state = PlanState::Fresh;
  std::string reason;  // "never run", "its settings or files changed", "mart.sale moved", "it runs always"
  bool full_refresh = false;  // because a person asked for it
};

/// What a command was last run with.
struct CommandMark {
  std::string fingerprint;
  std::map<TableName, std::string> inputs;  // data versions
};

/// Stale: a table it carries moved since it last did. Depends: one may move in this run.
struct PlannedSink {
  std::string name;
  PlanState state = PlanState::Fresh;
  std::string reason;  // "mart.sale moved", "mart.sale was never carried out"
};

/// A model in a database. Depends: what it reads may move in this run.
struct PlannedDatabaseModel {
  TableName table;
  std::string connection;
  PlanState state = PlanState::Fresh;
  std::string reason;         // "never built", "its code changed", "mart.sale moved", "it is refreshed in every run"
  bool is_late = false;       // made after the run's publication and its sinks; else before all else
  bool full_refresh = false;  // because a person asked for it
};

struct Plan {
  std::int64_t publication = 0;      // of main when this was planned
  std::vector<PlannedTable> tables;  // the selected ones, inputs first
  std::vector<PlannedSink> sinks;    // the selected ones
  std::vector<PlannedCommand> commands;  // the selected ones, what they need first
  std::vector<PlannedDatabaseModel> databases;  // the selected ones, inputs first
  bool has_work() const;
};

struct PlanOptions {
  std::set<TableName> selected;
  bool full_refresh = false;
  std::set<TableName> held;
  std::set<std::string> sinks;  // selected
  std::set<std::string> commands;  // selected
  bool with_databases = true;      // selected models in databases are planned
  /// Of a command that writes no tables; nothing when it never ran. Of others their tables say it.
  std::function<std::optional<CommandMark>(const std::string& command)> command_mark;
  /// Whether the target of a sink's table has this version of it, as far as is known without asking.
  std::function<bool(const SinkConfig&, const SinkTable&, const std::string& version)> is_carried;
  std::optional<Instant> now;        // for intervals that time has brought
  std::optional<BackfillPart> backfill;
  std::optional<ReplayPart> replay;
  /// Whether a connection surely has nothing new for these cursors (its change mark is what it was).
  std::function<bool(const SourceConfig&, const Connection&)> is_unchanged;
};

Plan make_plan(const Project& project, const Analysis& analysis, const Graph& graph, std::span<const Entry> entries,
               const PlanOptions& options);

/// The data version of each table at a ref: a view's follows its inputs. For tables that aren't there: nothing.
class Versions {
 public:
  explicit Versions(std::function<std::optional<Entry>(const TableName&)> find);
  std::optional<std::string> of(const TableName& table);

 private:
  std::function<std::optional<Entry>(const TableName&)> find_;
  std::map<TableName, std::optional<std::string>> known_;
};

/// `lochan.inputs` and back: table → data version.
std::map<TableName, std::string> parse_inputs(const std::string& property);
std::string inputs_property(const std::map<TableName, std::string>& inputs);

/// How an output of a command was made, as its properties say.
CommandMark mark_of(const Entry& entry);

/// Why a command must run again, given what it was last run with; nothing when it needn't.
std::optional<std::string> stale_reason(const AnalysedCommand& command, const std::optional<CommandMark>& mark,
                                        Versions& versions);

/// What its outputs say of it, `mark` for one that has none; nothing when one of them is missing, or they differ.
std::optional<CommandMark> last_mark(const AnalysedCommand& command,
                                     const std::function<std::optional<Entry>(const TableName&)>& find,
                                     const std::function<std::optional<CommandMark>(const std::string&)>& mark);

/// Why a model must be built again, given the entry it has and the versions its inputs have now; nothing when it is
/// up to date. `rebuild` is set when what is there can't be built on. Intervals are missing up to `now`.
struct StaleReason {
  std::string text;
  bool rebuild = false;
};
std::optional<StaleReason> stale_reason(const AnalysedModel& model, const Entry* current, Versions& versions,
                                        std::optional<Instant> now = {});

}  // namespace lochan
