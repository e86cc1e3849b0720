// A step of a run: a model's table, or a source's connection with all its tables. What it is, and what came of it.
#pragma once

#include <map>
#include <optional>
#include <set>
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

  // A model's step.
  const AnalysedModel* model = nullptr;
  bool rebuild = false;
  bool full_refresh = false;  // rebuilt because a person asked for it
  std::optional<BackfillPart> backfill;  // incremental by time

  // Of either kind; of a raw table then without a connection.
  std::optional<ReplayPart> replay;

  // What came of it.
  std::vector<LoadedTable> loaded;
  std::optional<std::string> change_mark;  // of the connection, from before it was read
  Instant loaded_at{};
  std::map<TableName, std::string> inputs;  // data versions that the model was built from
  std::map<TableName, std::string> marks;   // `_loaded_at` reached in each raw input
  TimeRanges intervals;                     // incremental by time: those that are built
  std::map<TableName, std::string> read;    // and its ancestry, see IntervalAncestry
  std::map<TableName, std::string> loads;
  ModelBuilt built;
  std::set<TableName> logged;  // the `<table>__rejected` that were written
  bool was_evaluated = false;  // it was stale, so what it was made from is known anew

  bool is_source() const { return source != nullptr; }
  /// Its tables, and those that their refused records go to.
  std::vector<TableName> writes() const;
};

/// The steps of a plan, in its order.
std::vector<Step> make_steps(const Project& project, const Analysis& analysis, const Plan& plan);

}  // namespace lochan
