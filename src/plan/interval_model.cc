#include "plan/interval_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace lochan {
namespace {

bool is_time(const std::string& type) {
  return type == "DATE" || type == "TIMESTAMP" || type == "TIMESTAMP WITH TIME ZONE";
}

void check_parameters(const AnalysedModel& analysed) {
  for (const std::string_view wanted : {"since", "until"}) {
    if (std::ranges::find(analysed.query.parameters, wanted) != analysed.query.parameters.end()) continue;
    throw Error(ErrorKind::Project, fmt::format("`{}` is incremental by time, and its SQL doesn't name `${}`",
                                                to_string(analysed.model->table), wanted))
        .at(analysed.model->position)
        .hint(fmt::format("select the rows of the intervals that are built: `where {0} >= $since and {0} < $until`",
                          analysed.model->inputs.empty() || is_kept(analysed.model->inputs[0])
                              ? **analysed.model->time
                              : *analysed.model->inputs[0].time));
  }
}

void check_column(const LocatedText& wanted, const TableName& table, const std::vector<Column>& columns,
                  Interval interval) {
  const auto column = std::ranges::find(columns, *wanted, &Column::name);
  if (column == columns.end()) {
    std::vector<std::string> names;
    for (const Column& other : columns) names.push_back(other.name);
    throw Error(ErrorKind::Project, fmt::format("no column `{}` in `{}`", *wanted, to_string(table)))
        .at(wanted.position)
        .hint(text::did_you_mean(*wanted, names, fmt::format("its columns are {}", fmt::join(names, ", "))));
  }
  if (!is_time(column->type))
    throw Error(ErrorKind::Project, fmt::format("`{}` of `{}` is {}, wanted a date or a timestamp", *wanted,
                                                to_string(table), column->type))
        .at(wanted.position)
        .hint(fmt::format("cast it where the table is made: `{}::timestamp`", *wanted));
  if (interval == Interval::Hour && column->type == "DATE")
    throw Error(ErrorKind::Project,
                fmt::format("`{}` of `{}` is a date, and the intervals are hours", *wanted, to_string(table)))
        .at(wanted.position)
        .hint("take `interval: day`, or a timestamp");
}

void check_inputs(const AnalysedModel& analysed, const std::map<TableName, std::vector<Column>>& columns) {
  const Model& model = *analysed.model;
  std::vector<std::string> names;
  for (const TableName& table : analysed.reads) names.push_back(to_string(table));
  bool is_timed = false;
  for (const ModelInput& input : model.inputs) {
    const auto table = parse_table_name(*input.table);
    if (!table || std::ranges::find(analysed.reads, *table) == analysed.reads.end())
      throw Error(ErrorKind::Project,
                  fmt::format("`{}` doesn't read `{}`, which `inputs` names", to_string(model.table), *input.table))
          .at(input.table.position)
          .hint(text::did_you_mean(*input.table, names, fmt::format("it reads {}", fmt::join(names, ", "))));
    if (is_kept(input)) continue;
    is_timed = true;
    if (const auto known = columns.find(*table); known != columns.end() && !known->second.empty())
      check_column(input.time, *table, known->second, Interval::Day);
  }
  if (!is_timed && !names.empty())
    throw Error(ErrorKind::Project,
                fmt::format("`{}` doesn't say by which column of time it reads its inputs", to_string(model.table)))
        .at(model.time->position)
        .hint(fmt::format("add `inputs: {{ {}: <column of time> }}`", names[0]));
}

}  // namespace

bool has_intervals(const Model& model) {
  return model.materialized == Materialization::Incremental && model.time.has_value();
}

std::string interval_settings(const Model& model) {
  if (!has_intervals(model)) return "";
  std::string text = fmt::format("|time {} {}", **model.time, static_cast<int>(model.interval));
  for (const ModelInput& input : model.inputs)
    text += fmt::format("|input {} {} {}", *input.table, *input.time, input.lookback.count());
  return text;
}

void check_interval_model(const AnalysedModel& analysed, const std::map<TableName, std::vector<Column>>& columns) {
  const Model& model = *analysed.model;
  if (!has_intervals(model)) return;
  check_parameters(analysed);
  check_column(*model.time, model.table, analysed.columns, model.interval);
  check_inputs(analysed, columns);
}

const ModelInput* find_input(const Model& model, const TableName& table) {
  const auto found =
      std::ranges::find(model.inputs, to_string(table), [](const ModelInput& input) { return *input.table; });
  return found == model.inputs.end() ? nullptr : &*found;
}

bool is_kept(const ModelInput& input) { return input.time->empty(); }

TimeRanges built_intervals(const Entry& entry) {
  const auto found = entry.properties.find("lochan.intervals");
  return found == entry.properties.end() ? TimeRanges() : parse_intervals(found->second);
}

TimeRanges missing_intervals(const Model& model, const TimeRanges& built, Instant now) {
  std::optional<Instant> begin;
  if (model.begin) begin = parse_time(**model.begin);
  if (!begin && !built.is_empty()) begin = built.ranges().front().from;
  if (!begin) return {};
  return built.gaps({*begin, next_interval(now, model.interval)});
}

}  // namespace lochan
