#include "run/publishing.h"

#include <algorithm>
#include <set>

#include "plan/interval_model.h"
#include "run/backfills.h"
#include "project/rejected_name.h"
#include "run/source_marks.h"
#include "source/load.h"

namespace lochan {
namespace {

using Properties = std::map<std::string, std::string>;

bool ended_well(const Step& step) {
  return step.report.state == StepState::Built || step.report.state == StepState::Unchanged;
}

class Publishing {
 public:
  Publishing(Lake& lake, const std::string& branch, std::int64_t run, const Analysis& analysis, const Board& board,
             const std::vector<Step>& steps)
      : lake_(lake), branch_(branch), run_(run), analysis_(analysis), board_(board), steps_(steps) {}

  PublishRequest request() {
    std::set<TableName> guards;
    for (const TableName& table : board_.publishable()) {
      if (rejected_of(table)) {
        add_rejected(table);
      } else if (analysis_.raw_fingerprints.contains(table)) {
        add_raw(table);
      } else if (const AnalysedCommand* command = maker(analysis_, table)) {
        add_output(table, *command);
      } else {
        add_model(table);
      }
    }
    for (const PublishTable& table : request_.tables) guards.merge(board_.guards(table.table));
    for (const PublishTable& table : request_.tables) guards.erase(table.table);
    request_.guards.assign(guards.begin(), guards.end());
    return std::move(request_);
  }

 private:
  void add_raw(const TableName& table) {
    const auto entry = lake_.catalog().find(branch_, table);
    if (!entry) return;
    Properties properties{{"lochan.fingerprint", analysis_.raw_fingerprints.at(table)}};
    auto cursors = entry->properties.contains("lochan.cursor") ? parse_cursors(entry->properties.at("lochan.cursor"))
                                                               : std::map<std::string, Cursor>{};
    const auto before = entry->properties.find("lochan.totals");
    auto totals = before == entry->properties.end() ? std::map<std::string, SourceTotals>{} : parse_totals(before->second);
    std::optional<Instant> loaded_at;
    for (const Step& step : steps_) {
      if (!step.is_source() || !ended_well(step)) continue;
      for (const LoadedTable& loaded : step.loaded) {
        if (loaded.table != table) continue;
        if (!step.replay) {
          cursors[step.connection->name] = loaded.reached;
          totals.erase(step.connection->name);
          if (loaded.totals) totals[step.connection->name] = *loaded.totals;
        }
        if (loaded.changed) loaded_at = std::max(loaded_at.value_or(step.loaded_at), step.loaded_at);
      }
    }
    properties["lochan.cursor"] = cursors_property(cursors);
    if (!totals.empty() || before != entry->properties.end()) properties["lochan.totals"] = totals_property(totals);
    if (loaded_at) properties["lochan.loaded_at"] = to_string(*loaded_at);
    add(table, *entry, std::move(properties));
  }

  void add_rejected(const TableName& table) {
    if (const auto entry = lake_.catalog().find(branch_, table)) add(table, *entry, {});
  }

  void add_output(const TableName& table, const AnalysedCommand& command) {
    const auto step = std::ranges::find(steps_, &command, &Step::command);
    if (step == steps_.end() || !ended_well(*step) || !step->was_evaluated) return;
    if (const auto entry = lake_.catalog().find(branch_, table))
      add(table, *entry, {{"lochan.fingerprint", command.fingerprint}, {"lochan.inputs", inputs_property(step->inputs)}});
  }

  void add_model(const TableName& table) {
    const auto step = std::ranges::find_if(steps_, [&](const Step& other) {
      return other.model != nullptr && other.model->model->table == table && ended_well(other) && other.was_evaluated;
    });
    if (step == steps_.end()) return;
    if (step->replay) {  // what it was made from stays what it was
      if (const auto entry = lake_.catalog().find(branch_, table)) add(table, *entry, {});
      return;
    }
    const AnalysedModel& model = *step->model;
    Properties properties{{"lochan.fingerprint", model.fingerprint},
                          {"lochan.inputs", inputs_property(step->inputs)},
                          {"lochan.marks", inputs_property(step->marks)}};
    if (has_intervals(*model.model)) {
      properties["lochan.intervals"] = intervals_property(step->intervals);
      properties["lochan.read"] = inputs_property(step->read);
      properties["lochan.loads"] = inputs_property(step->loads);
      if (step->backfill) properties["lochan.backfill"] = with_part(table, *step->backfill);
    }
    if (model.model->materialized == Materialization::View) {
      properties.erase("lochan.marks");
      properties["lochan.sql"] = model.model->sql;
      properties["lochan.run"] = std::to_string(run_);
      request_.views.push_back({table, model.model->sql, model.columns, model.fingerprint, std::move(properties)});
      return;
    }
    if (const auto entry = lake_.catalog().find(branch_, table)) add(table, *entry, std::move(properties));
  }

  std::string with_part(const TableName& table, const BackfillPart& part) const {
    const auto entry = lake_.catalog().find(branch_, table);
    TimeRanges ranges = entry ? backfilled(*entry, part.backfill) : TimeRanges();
    ranges.add(part.range);
    return backfill_property(part.backfill, ranges);
  }

  // A table whose rows didn't move is published for its properties alone, and not at all when those didn't move either.
  void add(const TableName& table, const Entry& entry, Properties properties) {
    const bool is_same = std::ranges::all_of(properties, [&](const auto& property) {
      const auto found = entry.properties.find(property.first);
      return found != entry.properties.end() && found->second == property.second;
    });
    if (is_same && !board_.is_changed(table)) return;
    if (board_.is_changed(table)) properties["lochan.run"] = std::to_string(run_);
    request_.tables.push_back({table, std::move(properties)});
  }

  Lake& lake_;
  const std::string& branch_;
  const std::int64_t run_;
  const Analysis& analysis_;
  const Board& board_;
  const std::vector<Step>& steps_;
  PublishRequest request_;
};

}  // namespace

PublishRequest make_publish_request(Lake& lake, const std::string& branch, std::int64_t run, const Analysis& analysis,
                                    const Board& board, const std::vector<Step>& steps) {
  return Publishing(lake, branch, run, analysis, board, steps).request();
}

void save_change_marks(Lake& lake, const std::string& target, const Analysis& analysis, const Board& board,
                       const std::vector<Step>& steps) {
  const auto held = board.held_back();
  SourceMarks marks(lake.state());
  for (const Step& step : steps) {
    if (!step.is_source() || !ended_well(step) || !step.change_mark) continue;
    // A step for a part of the tables says nothing of the others.
    if (step.source_tables.size() != step.source->tables.size()) continue;
    if (std::ranges::any_of(step.report.tables, [&](const TableName& table) { return held.contains(table); })) continue;
    const auto find = [&](const TableName& table) { return lake.catalog().find(target, table); };
    marks.save(step.source->name, step.connection->name, *step.change_mark,
               cursors_digest(*step.source, *step.connection, analysis, find));
  }
}

}  // namespace lochan
