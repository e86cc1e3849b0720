// Which intervals of an incremental model by time have to be built: those that are missing, and those that rows of its
// inputs fell in since it was built.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/session.h"
#include "plan/interval_model.h"
#include "plan/plan.h"
#include "run/resolver.h"

namespace lochan {

struct IntervalWork {
  std::vector<TimeRange> chunks;  // in order; together they are what is to be built
  TimeRanges built;               // the intervals that are there afterwards
  std::int64_t rows_late = 0;     // new rows of intervals that were over when the inputs were last read
};

struct IntervalQuestion {
  const Project& project;
  const Analysis& analysis;
  const AnalysedModel& model;
  const Entry* current = nullptr;     // the table that is built on; null: it is built anew
  std::optional<TimeRange> backfill;  // these and no others
  Instant now;
};

class IntervalFinder {
 public:
  /// All must outlive it.
  IntervalFinder(Session& session, Resolver& resolver, const IntervalQuestion& question);

  IntervalWork find();

  /// How many rows with a time the inputs have, by the begin of the interval they fall in.
  std::map<Instant, std::int64_t> count_rows(const TimeRanges* within);

 private:
  TimeRanges whole();
  TimeRanges from_begin(TimeRanges ranges) const;
  TimeRanges changed();
  bool add_changed_of(const TableName& input, TimeRanges& changed);
  void count_late(const std::string& name, const std::string& is_new, const ModelInput& input, const std::string& mark,
                  const TimeRanges& found);
  TimeRanges later_rows(const TableName& table, const ModelInput& input, const SourceTable& source,
                        const std::string& mark);
  std::optional<TimeRanges> compared(const TableName& table, const ModelInput& input);
  bool is_there(const TableName& table, const std::string& version);
  void add_lookback(const TimeRanges& found, const ModelInput& input, TimeRanges& changed) const;
  const SourceTable* log_of(const TableName& table) const;
  std::string type_of(const TableName& table, const std::string& column) const;
  std::vector<TimeRange> split(const TimeRanges& ranges);

  Session& session_;
  Resolver& resolver_;
  const IntervalQuestion& question_;
  const Model& model_;
  std::optional<Instant> begin_;
  std::map<TableName, std::string> read_;  // of the ancestry it was built from
  std::map<TableName, std::string> loads_;
  std::map<TableName, std::string> marks_;  // `_loaded_at` reached in raw inputs
  std::int64_t rows_late_ = 0;
};

/// What such a model was built from, beyond what every model remembers: to find later what has changed since.
struct IntervalAncestry {
  std::map<TableName, std::string> read;   // `lochan.read`: tables that it or its views read → data version
  std::map<TableName, std::string> loads;  // `lochan.loads`: raw inputs → how they are loaded
};
IntervalAncestry interval_ancestry(const Resolver& resolver, const Analysis& analysis, const AnalysedModel& model);

}  // namespace lochan
