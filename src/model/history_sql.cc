#include "model/history_sql.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/sql.h"

namespace lochan {
namespace {

// What is believed: versions as the SELECT gives and the table shows them, over what a row only tells of the time: that
// it began with an equal version, or that a deletion ended it.
constexpr int kSeen = 1;
constexpr int kTold = 0;

std::string own_columns(const HistoryShape& shape, std::string_view prefix = "") {
  return sql::identifiers(shape.own, prefix);
}

std::string keys(const HistoryShape& shape) { return sql::identifiers(shape.key); }

std::string in_type_of_time(const HistoryShape& shape, const std::string& column) {
  return fmt::format("{}::{}", sql::identifier(column), shape.time_type);
}

bool may_come_back(const HistoryShape& shape) { return shape.is_load_mark && !shape.loaded_at.empty(); }

// A row that was loaded after its key was found gone, and that isn't newer than that, brings the key back when it was
// loaded: the source may have restored it with its old time.
std::string bring_back(const HistoryShape& shape, const std::string& versions) {
  if (!may_come_back(shape)) return versions;
  const std::string loaded = sql::identifier(shape.loaded_at);
  return fmt::format(
      "(select * exclude (lochan_gone, lochan_at), greatest(lochan_floor, lochan_at, case when not lochan_deleted and "
      "lochan_rank = {4} and lochan_at <= lochan_gone then {2} end) as lochan_at from (select *, max(case when "
      "lochan_deleted then lochan_at end) over (partition by {0} order by {1} groups between unbounded preceding and 1 "
      "preceding) as lochan_gone from {3}))",
      keys(shape), loaded, in_type_of_time(shape, shape.loaded_at), versions, kSeen);
}

std::string differs_from_before(const HistoryShape& shape) {
  std::vector<std::string> parts;
  for (const std::string& column : shape.compared)
    parts.push_back(fmt::format("{0} is distinct from lag({0}) over x", sql::identifier(column)));
  return parts.empty() ? "false" : fmt::format("{}", fmt::join(parts, " or "));
}

// Which of two versions of one key and time holds: the one loaded last, a deletion, the greater values.
std::string precedence(const HistoryShape& shape) {
  std::string order = "lochan_rank desc";
  if (!shape.loaded_at.empty()) order += fmt::format(", {} desc nulls last", sql::identifier(shape.loaded_at));
  order += ", lochan_deleted desc";
  for (const std::string& column : shape.compared)
    order += fmt::format(", {} desc nulls last", sql::identifier(column));
  if (!shape.time.empty()) order += fmt::format(", {} desc nulls last", sql::identifier(shape.time));
  for (const std::string& column : shape.others) order += fmt::format(", {} desc nulls last", sql::identifier(column));
  return order;
}

// Where no row follows the end of one, the key was deleted.
std::string known_deletions(const HistoryShape& shape, const std::string& rows) {
  std::string next =
      fmt::format("select *, lead(valid_from) over (partition by {} order by valid_from) as lochan_next from {}",
                  keys(shape), rows);
  if (!shape.loaded_at.empty())
    next = fmt::format("select * replace ({} as {}) from ({})", shape.is_load_mark ? "valid_to" : "null",
                       sql::identifier(shape.loaded_at), next);
  return fmt::format(
      "select {}, true as lochan_deleted, {} as lochan_rank, valid_to as lochan_at, null::{} as lochan_floor from ({}) "
      "where valid_to is not null and valid_to is distinct from lochan_next",
      own_columns(shape), kTold, shape.time_type, next);
}

}  // namespace

std::string since_when(const HistoryShape& shape, std::string_view prefix) {
  const std::string time = std::string(prefix) + in_type_of_time(shape, shape.time);
  if (!shape.is_load_mark || shape.loaded_at.empty()) return time;
  return fmt::format("case when {} then greatest({}, {}{}) else {} end", is_deletion(shape, prefix), time, prefix,
                     in_type_of_time(shape, shape.loaded_at), time);
}

std::string is_deletion(const HistoryShape& shape, std::string_view prefix) {
  return shape.deleted.empty() ? "false" : fmt::format("coalesce({}{}, false)", prefix, sql::identifier(shape.deleted));
}

std::string same_key(const HistoryShape& shape, std::string_view left, std::string_view right) {
  std::vector<std::string> parts;
  for (const std::string& column : shape.key)
    parts.push_back(fmt::format("{0}.{2} = {1}.{2}", left, right, sql::identifier(column)));
  return fmt::format("{}", fmt::join(parts, " and "));
}

std::string same_values(std::span<const std::string> columns, std::string_view left, std::string_view right) {
  std::vector<std::string> parts;
  for (const std::string& column : columns)
    parts.push_back(fmt::format("{0}.{2} is not distinct from {1}.{2}", left, right, sql::identifier(column)));
  return parts.empty() ? "true" : fmt::format("{}", fmt::join(parts, " and "));
}

std::string last_seen(const HistoryShape& shape, std::string_view prefix) {
  const std::string time = std::string(prefix) + in_type_of_time(shape, shape.time);
  if (!may_come_back(shape)) return fmt::format("greatest({}valid_from, {})", prefix, time);
  return fmt::format("greatest({0}valid_from, {1}, case when {1} < {0}valid_from{2} then {0}{3} end)", prefix, time,
                     shape.shows_deletions() ? fmt::format(" or {}is_deleted", prefix) : "",
                     in_type_of_time(shape, shape.loaded_at));
}

std::string read_versions(const HistoryShape& shape, const std::string& rows, const std::string& at) {
  const bool drops = shape.deletes == HistoryDeletes::Ignore && !shape.deleted.empty();
  return fmt::format(
      "select {}, {} as lochan_deleted, {} as lochan_rank, {} as lochan_at, null::{} as lochan_floor from {}{}",
      own_columns(shape), is_deletion(shape), kSeen, at.empty() ? since_when(shape) : at, shape.time_type, rows,
      drops ? fmt::format(" where not {}", is_deletion(shape)) : "");
}

std::string placed_versions(const HistoryShape& shape, const std::string& rows) {
  if (!may_come_back(shape)) return read_versions(shape, rows);
  const std::string gone = fmt::format("(from {} where {})", rows, is_deletion(shape));
  const auto those = [&](const char* join) {
    return read_versions(
        shape, fmt::format("(select n.* from {} n {} join {} k on {})", rows, join, gone, same_key(shape, "n", "k")));
  };
  return fmt::format("{} union all by name from {}", those("anti"), bring_back(shape, "(" + those("semi") + ")"));
}

std::string known_versions(const HistoryShape& shape, const std::string& rows) {
  const auto select = [&](int rank, const std::string& at, const std::string& from) {
    return fmt::format(
        "select {}, {} as lochan_deleted, {} as lochan_rank, {} as lochan_at, valid_from as lochan_floor from {}",
        own_columns(shape), shape.shows_deletions() ? "is_deleted" : "false", rank, at, from);
  };
  std::string text;
  if (shape.is_snapshot()) {
    text = select(kSeen, "valid_from", rows);
  } else {
    // A row shows the last of the equal versions that it stands for, which is placed as it was when it was given, and
    // says when the first of them began.
    std::string at = in_type_of_time(shape, shape.time);
    if (may_come_back(shape) && shape.shows_deletions())
      at = fmt::format("case when is_deleted then greatest({0}, {1}) else {0} end", at,
                       in_type_of_time(shape, shape.loaded_at));
    const std::string began = fmt::format("(select * replace (valid_from as {}) from {} where valid_from < {})",
                                          sql::identifier(shape.time), rows, last_seen(shape));
    text = select(kSeen, at, rows) + " union all " + select(kTold, "valid_from", began);
  }
  return shape.may_end() ? text + " union all " + known_deletions(shape, rows) : text;
}

std::string history(const HistoryShape& shape, const std::string& versions) {
  const std::string key = keys(shape);
  const std::string shown = shape.shows_deletions() ? ", lochan_deleted as is_deleted" : "";
  const std::string kept = shape.shows_deletions() ? "" : " and not lochan_deleted";
  return fmt::format(
      "with lochan_one as (select * from {0} qualify row_number() over (partition by {1}, lochan_at order by {2}) = "
      "1), "
      "lochan_step as (select *, lag(lochan_at) over x is null or lochan_deleted <> lag(lochan_deleted) over x or "
      "(not lochan_deleted and ({3})) as lochan_new from lochan_one window x as (partition by {1} order by "
      "lochan_at)), "
      "lochan_span as (select *, max(case when lochan_new then lochan_at end) over x as valid_from, lead(lochan_at) "
      "over x as valid_to, "
      "coalesce(lead(lochan_new) over x, true) as lochan_last from lochan_step window x as (partition by {1} order by "
      "lochan_at)) "
      "select {4}, valid_from, valid_to, valid_to is null as is_current{5} from lochan_span where lochan_last{6}",
      bring_back(shape, versions), key, precedence(shape), differs_from_before(shape), own_columns(shape), shown, kept);
}

}  // namespace lochan
