#include "source/postgres_xmin.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/sql.h"

namespace lochan {
namespace {

constexpr int kFullTransactionIds = 130000;  // the version since which snapshots say them
// Beyond 2^31 transactions the 32 bits that a row keeps say no more which of two is the older.
constexpr std::uint64_t kFarthest = (std::uint64_t{1} << 31) - 10'000'000;
constexpr std::uint64_t kFollowed = 10'000'000;

std::uint64_t number(const PostgresValue& value) {
  std::uint64_t result = 0;
  if (value) std::from_chars(value->data(), value->data() + value->size(), result);
  return result;
}

}  // namespace

// Of the server and the table, as the snapshot sees them.
struct PostgresXminCursor::State {
  std::uint64_t horizon = 0;  // every transaction below has ended
  std::uint64_t end = 0;      // none from here on has begun
  std::string system;         // which server, and which of its histories: a restored one begins a new timeline
  std::string life;           // changes when the server died, and then only: its statistics begin anew
  bool is_durable = false;    // all that ended below the horizon is in the server's log on disk
  std::string columns;
  std::set<std::string> relations;  // those with rows: the table, or its partitions

  std::string text() const {
    return Json{{"xmin", std::to_string(horizon)}, {"system", system}, {"life", life}, {"durable", is_durable}, {"columns", columns}, {"relations", relations}}.dump();
  }
  static std::optional<State> parse(const std::string& text) {
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object() || !json.contains("xmin") || !json.contains("relations")) return std::nullopt;
    State state;
    state.horizon = number(json.value("xmin", ""));
    state.system = json.value("system", "");
    state.life = json.value("life", "");
    state.is_durable = json.value("durable", false);
    state.columns = json.value("columns", "");
    state.relations = json["relations"].get<std::set<std::string>>();
    return state;
  }
};

PostgresXminCursor::PostgresXminCursor(const SourceTable& wanted, const PostgresTable& table, PostgresSnapshot& snapshot)
    : table_(table), snapshot_(snapshot) {
  const Position position = wanted.cursor ? wanted.cursor->position : wanted.position;
  if (table.kind != 'r' && table.kind != 'p' && table.kind != 'm')
    throw Error(ErrorKind::Project, fmt::format("`{}` is no table of the server's own, so its rows have no `xmin`", table.shown()))
        .at(position)
        .hint("take a column as the cursor, or load it in full");
  if (wanted.lookback.count() > 0)
    throw Error(ErrorKind::Project, fmt::format("`lookback` of `{}` is for a cursor that is a time: `xmin` misses nothing", wanted.name))
        .at(wanted.position)
        .hint("remove `lookback`");
  if (snapshot.version() < kFullTransactionIds)
    throw Error(ErrorKind::Project, fmt::format("connection `{}`: `cursor: xmin` needs PostgreSQL 13 or later", snapshot.name()))
        .at(position)
        .hint("take a column as the cursor");
}

PostgresXminCursor::State PostgresXminCursor::now() const {
  const PostgresRows rows = snapshot_.connection().query(fmt::format(
      "with recursive family as (select {}::oid as oid union select i.inhrelid from pg_inherits i join family f on i.inhparent = f.oid) "
      "select pg_snapshot_xmin(pg_current_snapshot()), pg_snapshot_xmax(pg_current_snapshot()), "
      "(select system_identifier from pg_control_system()) || '/' || case when pg_is_in_recovery() then "
      "(select timeline_id from pg_control_checkpoint())::text else ltrim(substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), '0') end, "
      "string_agg(c.oid::text, ',') filter (where c.relkind in ('r', 'm')), bool_or(c.relkind = 'f'), "
      "(select stats_reset from pg_stat_bgwriter), pg_is_in_recovery() or pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn() from family f join pg_class c using (oid)",
      table_.oid));
  const auto& row = rows.rows.at(0);
  if (row.at(4) == "t")
    throw Error(ErrorKind::Project, fmt::format("a partition of `{}` is on another server, where its rows have another `xmin`", table_.shown()))
        .hint("take a column as the cursor, or load it in full");
  State state;
  state.horizon = number(row.at(0));
  state.end = number(row.at(1));
  state.system = row.at(2).value_or("");
  state.life = row.at(5).value_or("");
  state.is_durable = row.at(6) == "t";
  std::string columns;
  for (const PostgresColumn& column : table_.columns) columns += fmt::format("{} {}|", sql::identifier(column.name), column.lake_type());
  state.columns = sha256(columns).substr(0, 16);
  std::string_view rest = row.at(3) ? std::string_view(*row.at(3)) : std::string_view();
  while (!rest.empty()) {
    const auto end = std::min(rest.find(','), rest.size());
    state.relations.emplace(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return state;
}

Extract PostgresXminCursor::extract(const Cursor& from) {
  State state = now();
  const std::optional<State> before = State::parse(from.text);
  // A server that dies forgets what its log had not on disk, and gives the numbers of transactions that had ended without a
  // trace to others: then the horizon counts only where all that ended below it was on disk.
  const bool has_survived = before && (before->life == state.life || before->is_durable);
  const bool reads_on = has_survived && before->system == state.system && before->columns == state.columns &&
                        before->horizon <= state.horizon && state.end - before->horizon < kFarthest;
  Extract extract;
  extract.is_whole = !reads_on;
  std::vector<std::string> added;
  if (reads_on) {
    // `age` counts back from the newest transaction, whatever the 32 bits have gone round.
    const std::uint64_t bits = std::max<std::uint64_t>(before->horizon & 0xffffffff, 3);
    condition_ = fmt::format("age(xmin) <= age('{}'::xid)", bits);
    // What is new in the family may have been written before it came into it.
    std::ranges::set_difference(state.relations, before->relations, std::back_inserter(added));
    if (!added.empty()) condition_ = fmt::format("({} or tableoid in ({}))", condition_, fmt::join(added, ", "));
  }
  extract.surely_nothing = reads_on && added.empty() && state.end == before->horizon;
  // Other tables' transactions move the horizon all the time; it is followed now and then, so that it never falls too far back.
  extract.may_stay = reads_on && added.empty() && state.end - before->horizon < kFollowed;
  extract.reached.text = state.text();
  return extract;
}

}  // namespace lochan
