// A step of a run: a model's table, a source's connection with all its tables, or a command with its outputs. What it is, and what came of it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "model/model_build.h"
#include "plan/plan.h"
#include "run/observer.h"
#include "source/load.h"

namespace lochan {

struct Step {
  StepReport report;

  // A source step.
  const SourceConfig* source = nullptr;
  const Connection* connection = nullptr;
  std::vector<const SourceTable*> source_tables;
  bool reload = false;  // as if nothing had been read before
  std::string blocked;  // why it must not be read now; "" when it may

  // A model's step.
  const AnalysedModel* model = nullptr;
  bool rebuild = false;
  bool full_refresh = false;  // rebuilt because a person asked for it
  std::optional<BackfillPart> backfill;  // incremental by time

  // A command's step.
  const AnalysedCommand* command = nullptr;

  // Of a table of either kind; of a raw one then without a connection.
  std::optional<ReplayPart> replay;

  // What came of it.
  std::vector<LoadedTable> loaded;
  std::optional<std::string> change_mark;  // of the connection, from before it was read
  Instant loaded_at{};
  std::map<TableName, std::string> inputs;  // data versions that the model was built from, or the command was run with
  std::map<TableName, std::string> marks;   // `_loaded_at` reached in each raw input
  TimeRanges intervals;                     // incremental by time: those that are built
  std::map<TableName, std::string> read;    // and its ancestry, see IntervalAncestry
  std::map<TableName, std::string> loads;
  ModelBuilt built;
  std::set<TableName> logged;  // the `<table>__rejected` that were written
  std::set<TableName> changed_outputs;  // of the command
  bool was_evaluated = false;  // it was stale, so what it was made from is known anew

  bool is_source() const { return source != nullptr; }
  /// Its own, where it differs from the run's.
  StepLimits limits() const;
  /// Those whose pools it takes a place in; of a command without outputs its own name, as no claim keeps two runs of it apart.
  std::vector<std::string> connections() const;
  /// The tables that it can't do without.
  std::span<const TableName> reads() const;
  /// Its tables, and those that their refused records go to.
  std::vector<TableName> writes() const;
};

/// The steps of a plan, in its order.
std::vector<Step> make_steps(const Project& project, const Analysis& analysis, const Plan& plan);

}  // namespace lochan
