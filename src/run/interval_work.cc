#include "run/interval_work.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/sql.h"
#include "engine/lake_time.h"

namespace lochan {
namespace {

constexpr std::int64_t kChunkRows = 4'000'000;  // of the inputs: what is built at once, and staged

std::map<TableName, std::string> property(const Entry* entry, const std::string& name) {
  if (entry == nullptr) return {};
  const auto found = entry->properties.find(name);
  return found == entry->properties.end() ? std::map<TableName, std::string>{} : parse_inputs(found->second);
}

}  // namespace

IntervalFinder::IntervalFinder(Session& session, Resolver& resolver, const IntervalQuestion& question)
    : session_(session),
      resolver_(resolver),
      question_(question),
      model_(*question.model.model),
      read_(property(question.current, "lochan.read")),
      loads_(property(question.current, "lochan.loads")),
      marks_(property(question.current, "lochan.marks")) {
  if (model_.begin) begin_ = parse_time(**model_.begin);
}

IntervalWork IntervalFinder::find() {
  IntervalWork work;
  if (question_.current != nullptr) work.built = built_intervals(*question_.current);
  TimeRanges wanted;
  if (question_.backfill) {
    wanted.add(*question_.backfill);
  } else if (question_.current == nullptr) {
    wanted = whole();
  } else {
    wanted = from_begin(changed());
    work.built.add(wanted);
    // A row that came before all others makes its interval the first.
    wanted.add(missing_intervals(model_, work.built, question_.now));
  }
  wanted = from_begin(wanted);
  work.built.add(wanted);
  work.chunks = split(wanted);
  work.rows_late = rows_late_;
  return work;
}

TimeRanges IntervalFinder::from_begin(TimeRanges ranges) const {
  if (begin_ && !ranges.is_empty()) ranges.remove({std::min(*begin_, ranges.ranges().front().from), *begin_});
  return ranges;
}

// From the first interval to the one that goes on now, and those to come that have rows already.
TimeRanges IntervalFinder::whole() {
  const Interval interval = model_.interval;
  TimeRanges ranges;
  for (const auto& [begin, rows] : count_rows(nullptr))
    if (!begin_ || begin >= *begin_) ranges.add({begin, next_interval(begin, interval)});
  Instant first = interval_begin(question_.now, interval);
  if (begin_) {
    first = *begin_;
  } else if (!ranges.is_empty()) {
    first = std::min(first, ranges.ranges().front().from);
  }
  ranges.add({first, next_interval(question_.now, interval)});
  // Nothing has begun yet, and the table has to be there.
  if (ranges.is_empty()) ranges.add({first, next_interval(first, interval)});
  return ranges;
}

TimeRanges IntervalFinder::changed() {
  TimeRanges changed;
  const auto inputs = property(question_.current, "lochan.inputs");
  Versions versions([&](const TableName& table) { return resolver_.find(table); });
  for (const TableName& input : question_.model.reads) {
    const auto before = inputs.find(input);
    if (before != inputs.end() && versions.of(input) == before->second) continue;
    if (add_changed_of(input, changed)) continue;
    TimeRanges all = whole();
    all.add(built_intervals(*question_.current));
    return all;
  }
  return changed;
}

// False: every interval may have changed.
bool IntervalFinder::add_changed_of(const TableName& table, TimeRanges& changed) {
  const ModelInput* input = find_input(model_, table);
  if (input == nullptr) return false;
  if (is_kept(*input)) return true;
  const SourceTable* source = log_of(table);
  const auto mark = marks_.find(table);
  if (source != nullptr && mark != marks_.end()) {
    add_lookback(later_rows(table, *input, *source, mark->second), *input, changed);
    return true;
  }
  const auto found = compared(table, *input);
  if (found) add_lookback(*found, *input, changed);
  return found.has_value();
}

// A raw table that is only ever added to, and has been since the model read it.
const SourceTable* IntervalFinder::log_of(const TableName& table) const {
  const auto made_by = question_.analysis.raw_fingerprints.find(table);
  const auto before = loads_.find(table);
  if (made_by == question_.analysis.raw_fingerprints.end() || before == loads_.end() ||
      before->second != made_by->second)
    return nullptr;
  for (const auto& [name, source] : question_.project.sources)
    for (const SourceTable& other : source.tables)
      if (other.table() == table) return other.load == LoadMode::Full && other.key.empty() ? nullptr : &other;
  return nullptr;
}

// The intervals of rows that came after the mark, and of all earlier versions of their keys: a row that moved from one
// day to another touches both.
TimeRanges IntervalFinder::later_rows(const TableName& table, const ModelInput& input, const SourceTable& source,
                                      const std::string& mark) {
  const std::string name = resolver_.name(table, session_.lake());
  const std::string is_new = fmt::format("_loaded_at > {}::timestamptz", sql::literal(mark));
  std::string where = is_new;
  if (!source.key.empty()) {
    // A key may be null in part: `in` would pass it over.
    std::string keys = "_source", same = "came._source = log._source";
    for (const LocatedText& column : source.key) {
      const std::string key = sql::identifier(*column);
      keys += ", " + key;
      same += fmt::format(" and came.{0} is not distinct from log.{0}", key);
    }
    where = fmt::format("exists (select 1 from (select distinct {} from {} where {}) as came where {})", keys, name,
                        is_new, same);
  }
  TimeRanges found = time_intervals(session_, name + " as log", sql::identifier(*input.time), where, model_.interval);
  count_late(name, is_new, input, mark, found);
  return found;
}

// Looked for only where some interval that was over has changed: mostly none has.
void IntervalFinder::count_late(const std::string& name, const std::string& is_new, const ModelInput& input,
                                const std::string& mark, const TimeRanges& found) {
  const Instant open = interval_begin(parse_instant(mark), model_.interval);
  if (found.is_empty() || found.ranges().front().from >= open) return;
  rows_late_ += session_
                    .query(fmt::format("select count(*) from {} as log where {} and {} < {}", name, is_new,
                                       interval_of(sql::identifier(*input.time), model_.interval), to_micros(open)))
                    .integer();
}

// The intervals whose rows differ between then and now, by their number and the sum of their hashes: one pass over
// each, and no rows kept. Nothing: what was read then is gone.
std::optional<TimeRanges> IntervalFinder::compared(const TableName& table, const ModelInput& input) {
  const auto then = resolver_.name_then(table, session_.lake(), read_);
  if (!then) return std::nullopt;
  std::map<TableName, std::string> bases;
  resolver_.add_versions(table, bases);
  for (const auto& [base, version] : bases) {
    const auto before = read_.find(base);
    if (before == read_.end() || !is_there(base, before->second)) return std::nullopt;
  }
  const std::string now = resolver_.name(table, session_.lake());
  const auto columns_of = [&](const std::string& from) {
    return session_.describe(fmt::format("select * from {} as t", from));
  };
  const std::vector<Column> columns = columns_of(now);
  if (columns != columns_of(*then)) return std::nullopt;
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  const auto sums = [&](const std::string& from) {
    return fmt::format("(select {} as i, count(*) as number, sum(hash(hash({}))) as hashes from {} as t group by 1)",
                       interval_of(sql::identifier(*input.time), model_.interval), sql::identifiers(names), from);
  };
  return time_intervals(
      session_,
      fmt::format(
          "(select make_timestamp(coalesce(was.i, has.i)) as changed from {} as was full join {} as has on "
          "was.i = has.i where was.number is distinct from has.number or was.hashes is distinct from has.hashes)",
          sums(*then), sums(now)),
      "changed", "", model_.interval);
}

bool IntervalFinder::is_there(const TableName& table, const std::string& version) {
  const auto entry = resolver_.find(table);
  if (!entry || entry->kind != EntryKind::Table || version == "0" || version == entry->data_version) return true;
  return session_
             .query(fmt::format("select count(*) from iceberg_snapshots({}) where snapshot_id = {}",
                                resolver_.name(table, session_.lake()), version))
             .integer() > 0;
}

void IntervalFinder::add_lookback(const TimeRanges& found, const ModelInput& input, TimeRanges& changed) const {
  for (const TimeRange& range : found.ranges())
    changed.add({interval_begin(range.from - input.lookback, model_.interval), range.until});
}

std::map<Instant, std::int64_t> IntervalFinder::count_rows(const TimeRanges* within) {
  std::map<Instant, std::int64_t> counts;
  for (const TableName& table : question_.model.reads) {
    const ModelInput* input = find_input(model_, table);
    if (input == nullptr || is_kept(*input)) continue;
    const std::string column = sql::identifier(*input->time);
    std::string where = fmt::format("{} is not null", column);
    if (within != nullptr && !within->is_empty())
      where = time_within(column, type_of(table, *input->time),
                          {within->ranges().front().from, within->ranges().back().until});
    const Rows rows = session_.query(fmt::format("select {} as i, count(*) from {} as t where {} group by 1",
                                                 interval_of(column, model_.interval),
                                                 resolver_.name(table, session_.lake()), where));
    for (std::size_t i = 0; i < rows.rows.size(); ++i)
      if (rows.rows[i][0]) counts[instant_from_micros(rows.integer(i, 0))] += rows.integer(i, 1);
  }
  return counts;
}

std::string IntervalFinder::type_of(const TableName& table, const std::string& column) const {
  const auto& columns = question_.analysis.columns.at(table);
  return std::ranges::find(columns, column, &Column::name)->type;
}

// Long ranges in parts of so many rows; a single interval is never cut.
std::vector<TimeRange> IntervalFinder::split(const TimeRanges& ranges) {
  std::vector<TimeRange> chunks = ranges.ranges();
  const auto is_one = [&](TimeRange range) { return next_interval(range.from, model_.interval) == range.until; };
  if (std::ranges::all_of(chunks, is_one)) return chunks;
  const auto counts = count_rows(&ranges);
  chunks.clear();
  for (TimeRange range : ranges.ranges()) {
    std::int64_t rows = 0;
    for (auto at = counts.lower_bound(range.from); at != counts.end() && at->first < range.until; ++at) {
      if (rows > 0 && rows + at->second > kChunkRows && at->first > range.from) {
        chunks.push_back({range.from, at->first});
        range.from = at->first;
        rows = 0;
      }
      rows += at->second;
    }
    chunks.push_back(range);
  }
  return chunks;
}

IntervalAncestry interval_ancestry(const Resolver& resolver, const Analysis& analysis, const AnalysedModel& model) {
  IntervalAncestry ancestry;
  for (const TableName& input : model.reads) {
    resolver.add_versions(input, ancestry.read);
    if (const auto loaded_by = analysis.raw_fingerprints.find(input); loaded_by != analysis.raw_fingerprints.end())
      ancestry.loads.insert(*loaded_by);
  }
  return ancestry;
}

}  // namespace lochan
