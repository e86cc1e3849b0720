#include "engine/replay.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/sql.h"
#include "engine/row_rules.h"

namespace lochan {
namespace {

constexpr int kShownLetters = 60;

std::vector<std::string> names_of(std::span<const Column> columns) {
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  return names;
}

}  // namespace

Replay::Replay(Session& session, const ReplayQuestion& question) : session_(session), question_(question) {
  read();
  judge();
  count();
}

std::string Replay::source() { return "lochan_source"; }

// What keeps a payload from being a row of the table, or null. '': what couldn't be read never was one, and its reason stays.
std::string Replay::unfit() const {
  std::vector<std::string> parts, names;
  for (const Column& column : question_.columns) {
    const std::string text = payload_text(column);
    names.push_back(sql::literal(column.name));
    parts.push_back(fmt::format("case when {0} is not null and {1} is null then {2} || left({0}, {3}) || {4} end", text,
                                payload_value(column), sql::literal(fmt::format("`{}` is ", column.name)),
                                kShownLetters, sql::literal(", not " + column.type)));
  }
  // A merge finds rows by their key; a log of versions has room for a null in it.
  if (!question_.is_raw)
    for (const Column& column : question_.columns)
      if (std::ranges::find(question_.key, column.name) != question_.key.end())
        parts.push_back(fmt::format("case when {} is null then {} end", payload_text(column),
                                    sql::literal(fmt::format("`{}` of the key is null", column.name))));
  const std::string others =
      fmt::format("array_to_string(list_filter(json_keys(payload), lambda k: k not in ({})), ', ')", fmt::join(names, ", "));
  return fmt::format(
      "case when payload is null then '' else nullif(concat_ws('; ', {}, case when {} <> '' then "
      "'the table has no column for ' || {} end), '') end",
      fmt::join(parts, ", "), others, others);
}

// All open records: which of them is a key's newest one doesn't depend on what was asked for.
void Replay::read() {
  std::vector<std::string> values;
  for (const Column& column : question_.columns)
    values.push_back(fmt::format("{} as {}", payload_value(column), sql::identifier(column.name)));
  std::string asked = "true";
  if (question_.run) asked += fmt::format(" and _run = {}", *question_.run);
  if (!question_.check.empty())
    asked += fmt::format(" and contains(', ' || coalesce(checks, '') || ', ', {})", sql::literal(", " + question_.check + ", "));
  session_.execute(fmt::format(
      "create or replace temp table lochan_open as select rejected_id as lochan_id, _run as lochan_run, _source as "
      "lochan_source, rejected_at as lochan_at, {} as lochan_asked, {} as lochan_unfit, {} from (select * replace (case when checks is not null and "
      "json_valid(payload) then case when json_type(payload) = 'OBJECT' then payload end end as payload) from {} where "
      "closed_run is null)",
      asked, unfit(), fmt::join(values, ", "), question_.log));
}

void Replay::judge() {
  const BrokenRules broken = broken_rules(question_.rules);
  std::string newer = "false", several = "false";
  if (!question_.key.empty()) {
    const std::string rows = fmt::format("partition by lochan_unfit is null, lochan_source, {}", sql::identifiers(question_.key));
    newer = fmt::format("lochan_at < max(lochan_at) over ({})", rows);
    several = fmt::format("count(*) over ({}, lochan_at) > 1", rows);
    if (question_.is_raw) {
      std::vector<std::string> same{"l._source is not distinct from o.lochan_source", "l._loaded_at >= o.lochan_at"};
      for (const std::string& name : question_.key)
        same.push_back(fmt::format("l.{0} is not distinct from o.{0}", sql::identifier(name)));
      session_.execute(
          fmt::format("create or replace temp table lochan_newer as select o.lochan_id, o.lochan_run from lochan_open o "
                      "semi join {} l on {}",
                      question_.table, fmt::join(same, " and ")));
      newer += " or lochan_id || ' ' || lochan_run in (select lochan_id || ' ' || lochan_run from lochan_newer)";
    }
  }
  const std::string seen =
      question_.also.empty() ? "lochan_open" : fmt::format("(select *, {} from lochan_open)", question_.also);
  session_.execute(
      fmt::format("create or replace temp table lochan_replay as select *, case when lochan_unfit is not null then 'unfit' when "
                  "lochan_newer then 'superseded' when lochan_broken <> '' then 'failing' when lochan_several then 'several' "
                  "else 'passing' end as lochan_verdict from (select *, {} as lochan_newer, {} as lochan_several, {} as "
                  "lochan_broken, {} as lochan_reason from {})",
                  newer, several, broken.names, broken.reasons, seen),
      question_.parameters);
  session_.execute("delete from lochan_replay where not lochan_asked");
}

void Replay::count() {
  const Rows verdicts = session_.query("select lochan_verdict, count(*) from lochan_replay group by all");
  for (const auto& row : verdicts.rows) {
    const std::string verdict = row[0].value_or("");
    const std::int64_t number = std::stoll(row[1].value_or("0"));
    counts_.records += number;
    if (verdict == "passing")
      counts_.passing = number;
    else if (verdict == "superseded")
      counts_.superseded = number;
    else
      counts_.failing += number;
    if (verdict == "unfit" || verdict == "several") counts_.unfit += number;
  }
  const Rows checks = session_.query(
      "select name, count(*) from (select unnest(string_split(lochan_broken, ', ')) as name from lochan_replay where "
      "lochan_verdict = 'failing') group by all");
  for (const auto& row : checks.rows) counts_.by_check[row[0].value_or("")] = std::stoll(row[1].value_or("0"));
}

std::string Replay::passing(const std::string& also) const {
  return fmt::format("select {}{} from lochan_replay where lochan_verdict = 'passing'", also.empty() ? "" : also + ", ",
                     sql::identifiers(names_of(question_.columns)));
}

bool Replay::close(std::int64_t run) {
  // First beside the lake: a merge of nothing breaks the engine.
  session_.execute(fmt::format(
      "create or replace temp table lochan_closing as select * from (select r.rejected_id, r._run, case lochan_verdict when "
      "'failing' then lochan_reason when 'unfit' then coalesce(nullif(lochan_unfit, ''), r.reason) when 'several' then 'several rejected rows have its key, and "
      "nothing says which is the last' else r.reason end as reason, case lochan_verdict when 'failing' then lochan_broken else "
      "r.checks end as checks, case when lochan_verdict in ('passing', 'superseded') then {}::bigint end as closed_run, case "
      "lochan_verdict when 'passing' then 'replayed' when 'superseded' then 'superseded' end as closed_as, r.reason as "
      "reason_before from {} r join lochan_replay n on r.rejected_id = n.lochan_id and r._run = n.lochan_run where r.closed_run is "
      "null) where closed_run is not null or reason is distinct from reason_before",
      run, question_.log));
  const bool changed = session_.query("select count(*) from lochan_closing").integer() > 0;
  if (changed)
    session_.execute(fmt::format(
        "merge into {} as t using lochan_closing as s on t.rejected_id = s.rejected_id and t._run = s._run when matched then "
        "update set reason = s.reason, checks = s.checks, closed_run = s.closed_run, closed_as = s.closed_as",
        question_.log));
  session_.execute("drop table lochan_closing");
  return changed;
}

}  // namespace lochan
