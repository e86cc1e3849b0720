#include "engine/rejected_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/sql.h"
#include "base/text.h"
#include "engine/row_rules.h"

namespace lochan {
namespace {

constexpr std::size_t kRecordsOfAnInsert = 500;

bool is_nested(const std::string& type) {
  return type.ends_with("]") || type.starts_with("STRUCT") || type.starts_with("MAP");
}

bool is_plain_json(const std::string& type) { return type == "BOOLEAN" || type == "INTEGER" || type == "BIGINT"; }

// JSON pointer (RFC 6901): the one path in which any name can be written.
std::string pointer(const std::string& name) {
  std::string text = "/";
  for (const char letter : name) {
    if (letter == '~')
      text += "~0";
    else if (letter == '/')
      text += "~1";
    else
      text += letter;
  }
  return text;
}

std::string names_of(std::span<const Column> columns) {
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(sql::identifier(column.name));
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

const std::vector<Column>& rejected_columns() {
  static const std::vector<Column> columns = {{"rejected_id", "VARCHAR", true},
                                              {"payload", "VARCHAR", true},
                                              {"reason", "VARCHAR", true},
                                              {"checks", "VARCHAR", true},
                                              {"position", "VARCHAR", true},
                                              {"record_key", "VARCHAR", true},
                                              {"_source", "VARCHAR", true},
                                              {"_run", "BIGINT", true},
                                              {"rejected_at", "TIMESTAMP WITH TIME ZONE", true},
                                              {"closed_run", "BIGINT", true},
                                              {"closed_as", "VARCHAR", true}};
  return columns;
}

std::string no_rejected_rows() {
  std::vector<std::string> nulls;
  for (const Column& column : rejected_columns())
    nulls.push_back(fmt::format("null::{} as {}", column.type, sql::identifier(column.name)));
  return fmt::format("select {} where false", fmt::join(nulls, ", "));
}

std::string record_key(std::span<const std::string> key, const std::string& prefix) {
  if (key.empty()) return "null::varchar";
  std::vector<std::string> parts;
  for (const std::string& column : key)
    parts.push_back(fmt::format("{}, {}{}::varchar", sql::literal(column), prefix, sql::identifier(column)));
  return fmt::format("json_object({})::varchar", fmt::join(parts, ", "));
}

std::string key_position(std::span<const std::string> key, const std::string& prefix) {
  if (key.empty()) return "null::varchar";
  std::vector<std::string> parts;
  for (const std::string& column : key)
    parts.push_back(fmt::format("{} || coalesce({}{}::varchar, 'null')", sql::literal(column + " = "), prefix,
                                sql::identifier(column)));
  return fmt::format("{}", fmt::join(parts, " || ', ' || "));
}

std::string row_payload(std::span<const Column> columns, const std::string& prefix) {
  std::vector<std::string> parts;
  for (const Column& column : columns) {
    const std::string name = prefix + sql::identifier(column.name);
    // The text of a number with digits behind the point is exact where JSON's own number is not.
    const bool as_json = is_plain_json(column.type) || is_nested(column.type);
    parts.push_back(fmt::format("{}, to_json({}{})", sql::literal(column.name), name, as_json ? "" : "::varchar"));
  }
  return fmt::format("json_object({})::varchar", fmt::join(parts, ", "));
}

std::string payload_text(const Column& column) {
  return fmt::format("json_extract_string(payload, {})", sql::literal(pointer(column.name)));
}

std::string payload_value(const Column& column) {
  const std::string value = is_nested(column.type)
                                ? fmt::format("json_extract(payload, {})", sql::literal(pointer(column.name)))
                                : payload_text(column);
  return fmt::format("try_cast({} as {})", value, column.type);
}

std::string payload_values(std::span<const Column> columns) {
  std::vector<std::string> values;
  for (const Column& column : columns) {
    const std::string path = sql::literal(pointer(column.name));
    const std::string value = is_nested(column.type) ? fmt::format("json_extract(payload, {})", path)
                                                     : fmt::format("json_extract_string(payload, {})", path);
    values.push_back(fmt::format("({})::{} as {}", value, column.type, sql::identifier(column.name)));
  }
  return fmt::format("{}", fmt::join(values, ", "));
}

BrokenRules broken_rules(std::span<const RowRule> rules) {
  if (rules.empty()) return {"false", "''", "null::varchar"};
  std::vector<std::string> failing, reasons, names;
  for (const RowRule& rule : rules) {
    // On lines of their own: a rule may end in a comment.
    const std::string fails = fmt::format("coalesce((\n{}\n), false)", rule.failing);
    failing.push_back(fails);
    names.push_back(fmt::format("case when {} then {} end", fails, sql::literal(rule.name)));
    reasons.push_back(fmt::format("case when {} then {} end", fails, rule.reason));
  }
  return {fmt::format("({})", fmt::join(failing, " or ")), fmt::format("concat_ws(', ', {})", fmt::join(names, ", ")),
          fmt::format("concat_ws('; ', {})", fmt::join(reasons, ", "))};
}

Refused::Refused(Session& session) : session_(session) {
  session_.execute(
      "create or replace temp table lochan_refused(payload varchar, reason varchar, checks varchar, position varchar, "
      "record_key varchar)");
}

void Refused::take_failing(const std::string& staged, std::span<const Column> columns, std::span<const RowRule> rules,
                           std::span<const std::string> key, const std::string& position, const std::string& also,
                           const Parameters& parameters) {
  if (rules.empty()) return;
  const BrokenRules broken = broken_rules(rules);
  const std::string& any = broken.any;
  const std::string seen = also.empty() ? staged : fmt::format("(select *, {} from {})", also, staged);
  const std::int64_t found =
      session_.query(fmt::format("select count(*) from {} where {}", seen, any), parameters).integer();
  if (found == 0) return;
  session_.execute(
      fmt::format(
          "insert into lochan_refused select {}, {}, {}, {}, {} from {} where {}", row_payload(columns), broken.reasons,
          broken.names, position, record_key(key), seen, any),
      parameters);
  session_.execute(fmt::format("create or replace temp table lochan_sound as select {} from {} where not {}",
                               names_of(columns), seen, any),
                   parameters);
  session_.execute(fmt::format("create or replace temp table {} as from lochan_sound", staged));
  session_.execute("drop table lochan_sound");
  count_ += found;
}

void Refused::add(std::span<const Record> records) {
  for (std::size_t begin = 0; begin < records.size(); begin += kRecordsOfAnInsert) {
    std::vector<std::string> rows;
    for (const Record& record : records.subspan(begin, std::min(kRecordsOfAnInsert, records.size() - begin)))
      rows.push_back(fmt::format("({}, {}, null, {}, null)", sql::literal(record.payload), sql::literal(record.reason),
                                 sql::literal(record.position)));
    session_.execute(fmt::format("insert into lochan_refused values {}", fmt::join(rows, ", ")));
  }
  count_ += static_cast<std::int64_t>(records.size());
}

void Refused::add(const std::string& select) {
  count_ += session_.execute(
      fmt::format("insert into lochan_refused select payload, reason, null, position, record_key from ({})", select));
}

std::string Refused::first() const {
  const Rows rows = session_.query(
      "select position, reason from lochan_refused order by position nulls last, reason, payload limit 1");
  if (rows.empty()) return {};
  const std::string reason = rows.rows[0][1].value_or("");
  return rows.rows[0][0] ? fmt::format("{}: {}", *rows.rows[0][0], reason) : reason;
}

namespace {

// Records that are new, that have another reason than before, and those that are done with; each is one row.
std::string changes_of(const RejectedLog& log) {
  const std::string source = log.source.empty() ? "null::varchar" : sql::literal(log.source);
  // Equal records are told apart by a number: as many are logged as were refused.
  const std::string refused = fmt::format(
      "select left(sha256(json_array({0}, position, payload, row_number() over (partition by position, payload order "
      "by "
      "reason))::varchar), 16) as rejected_id, * from lochan_refused",
      source);
  const std::string fresh = fmt::format(
      "r.rejected_id, r.payload, r.reason, r.checks, r.position, r.record_key, {} as _source, {}::bigint as _run, "
      "{}::timestamptz as rejected_at, null::bigint as closed_run, null::varchar as closed_as",
      source, log.run, sql::literal(log.at));
  if (!log.exists) return fmt::format("select {} from ({}) r", fresh, refused);
  const std::string open =
      fmt::format("select * from {} where closed_run is null and _source is not distinct from {}", log.name, source);
  return fmt::format(
      "with refused as ({0}), open as ({1}) "
      "select {2} from refused r anti join open o on o.rejected_id = r.rejected_id union all "
      "select o.* replace (r.reason as reason, r.checks as checks) from open o join refused r on o.rejected_id = "
      "r.rejected_id "
      "where o.reason is distinct from r.reason union all "
      "select o.* replace ({3}::bigint as closed_run, 'superseded' as closed_as) from open o "
      "anti join refused r on o.rejected_id = r.rejected_id where {4}",
      refused, open, fresh, log.run, log.covered);
}

}  // namespace

bool log_refused(const Refused& refused, const RejectedLog& log) {
  if (!log.exists && refused.count() == 0) return false;
  Session& session = refused.session();
  // First beside the lake: a merge of nothing breaks the engine.
  session.execute(fmt::format("create or replace temp table lochan_rejecting as {}", changes_of(log)));
  const bool changed = session.query("select count(*) from lochan_rejecting").integer() > 0;
  const std::string names = names_of(rejected_columns());
  if (!log.exists) {
    session.execute(fmt::format("create table {} as select {} from lochan_rejecting", log.name, names));
  } else if (changed) {
    session.execute(fmt::format(
        "merge into {} as t using lochan_rejecting as s on t.rejected_id = s.rejected_id and t._run = s._run "
        "when matched then update set reason = s.reason, checks = s.checks, closed_run = s.closed_run, closed_as = "
        "s.closed_as "
        "when not matched then insert ({}) values (s.{})",
        log.name, names, [&] {
          std::vector<std::string> values;
          for (const Column& column : rejected_columns()) values.push_back(sql::identifier(column.name));
          return fmt::format("{}", fmt::join(values, ", s."));
        }()));
  }
  session.execute("drop table lochan_rejecting");
  return changed;
}

void require_within(const RejectLimit& limit, const Refused& refused, std::int64_t rows, bool is_whole,
                    const std::string& table, const Position& position) {
  const std::int64_t count = refused.count();
  if (count == 0) return;
  const bool is_limited = limit.rows || limit.share;
  const bool is_too_much = (limit.rows && count > *limit.rows) ||
                           (limit.share && static_cast<double>(count) > *limit.share * static_cast<double>(rows));
  const bool is_all = !is_limited && is_whole && count == rows;
  if (!is_too_much && !is_all) return;
  const std::string allowed = is_all       ? std::string("which would leave it empty")
                              : limit.rows ? fmt::format("and `max_rejected` is {}", *limit.rows)
                                           : fmt::format("and `max_rejected` is {}%", *limit.share * 100);
  throw Error(ErrorKind::Data, fmt::format("`{}`: {} of {} refused, {}; the first is {}", table, count,
                                           text::plural(rows, "record"), allowed, refused.first()))
      .at(position)
      .hint(is_all ? "correct what it reads or its checks, or write how many may be refused: `max_rejected: 100%`"
                   : "correct what it reads or its checks, or raise `max_rejected`");
}

}  // namespace lochan
