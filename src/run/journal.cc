#include "run/journal.h"

#include <array>

#include "base/error.h"
#include "base/json.h"

namespace lochan {
namespace {

constexpr std::array kMigrations = {Migration{"run", 1, R"(
create table run(
  run bigint primary key, state text not null, command text not null, selection text not null, author text not null,
  target text not null, branch text not null, publication bigint not null, process bigint not null,
  started_at bigint not null, finished_at bigint, message text not null);
create table step(
  run bigint not null, name text not null, kind text not null, state text not null, reason text not null, error text not null,
  attempts bigint not null, rows_read bigint not null, rows_written bigint not null, rows_removed bigint not null,
  seconds double precision not null, tables text not null, primary key (run, name));
create table check_result(
  run bigint not null, layer text not null, name text not null, check_name text not null, severity text not null,
  failing bigint not null, error text not null, sample text not null);
create index check_result_run on check_result(run);
create table source_mark(
  source text not null, connection text not null, mark text not null, cursors text not null, primary key (source, connection));
create table lake(location text not null)
)"},
                                    Migration{"run", 2, R"(
alter table step add column rows_rejected bigint not null default 0
)"},
                                    // `alerted`, `measured`: whether alerts and measures have taken the run in.
                                    Migration{"run", 3, R"(
alter table step add column rows_late bigint not null default 0;
alter table step add column bytes_written bigint not null default 0;
alter table step add column queue_seconds double precision not null default 0;
alter table run add column alerted bigint not null default 0;
alter table run add column measured bigint not null default 0;
create index run_not_alerted on run(finished_at) where alerted = 0;
create index run_not_measured on run(run) where measured = 0
)"},
                                    Migration{"run", 4, R"(
alter table run add column cancel_requested bigint;
alter table run add column cancelled_by text not null default ''
)"},
                                    // Null where it isn't known: models and sinks were stored as having read 0 rows.
                                    Migration{"run", 5, R"(
alter table step add column read_rows bigint;
alter table step add column bytes_read bigint;
update step set read_rows = rows_read where kind = 'source' or rows_read > 0
)"},
                                    // Of several hosts that share the state; see run/leases.h.
                                    Migration{"run", 6, R"(
alter table run add column place text not null default '';
create table lease(name text primary key, holder text not null, token bigint not null, expires_at bigint not null)
)"}};

template <typename Enum>
Enum parse(const std::string& text, std::initializer_list<Enum> all) {
  for (const Enum value : all)
    if (to_string(value) == text) return value;
  throw Error(ErrorKind::Internal, "the journal holds the unknown state `" + text + "`");
}

RunState parse_run_state(const std::string& text) {
  return parse(text, {RunState::Queued, RunState::Running, RunState::Succeeded, RunState::Failed, RunState::Cancelled,
                      RunState::Dead, RunState::Nothing});
}

StepState parse_step_state(const std::string& text) {
  return parse(text, {StepState::Waiting, StepState::Running, StepState::Built, StepState::Unchanged, StepState::Failed,
                      StepState::Skipped, StepState::HeldBack, StepState::Cancelled});
}

RunRecord read_run(const DbRow& row) {
  RunRecord record;
  record.run = row.integer(0);
  record.state = parse_run_state(row.text(1));
  record.command = row.text(2);
  record.selection = row.text(3);
  record.author = row.text(4);
  record.target = row.text(5);
  record.branch = row.text(6);
  record.publication = row.integer(7);
  record.process = row.integer(8);
  record.started_at = instant_from_micros(row.integer(9));
  if (!row.is_null(10)) record.finished_at = instant_from_micros(row.integer(10));
  record.message = row.text(11);
  record.place = row.text(12);
  return record;
}

constexpr std::string_view kRunColumns =
    "run, state, command, selection, author, target, branch, publication, process, started_at, finished_at, message, place";

Json table_names(std::span<const TableName> tables) {
  Json names = Json::array();
  for (const TableName& table : tables) names.push_back(to_string(table));
  return names;
}

Json sample_json(const Rows& sample) {
  Json names = Json::array();
  for (const Column& column : sample.columns) names.push_back(column.name);
  Json rows = Json::array();
  for (const auto& row : sample.rows) {
    Json values = Json::array();
    for (const auto& value : row) values.push_back(value ? Json(*value) : Json(nullptr));
    rows.push_back(std::move(values));
  }
  return {{"columns", names}, {"rows", rows}};
}

Rows parse_sample(const std::string& text) {
  Rows sample;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return sample;
  for (const Json& name : json["columns"]) sample.columns.push_back({name.get<std::string>(), "VARCHAR", true});
  for (const Json& row : json["rows"]) {
    std::vector<std::optional<std::string>> values;
    for (const Json& value : row)
      values.push_back(value.is_null() ? std::nullopt : std::optional(value.get<std::string>()));
    sample.rows.push_back(std::move(values));
  }
  return sample;
}

}  // namespace

std::span<const Migration> Journal::migrations() { return kMigrations; }

std::vector<RunRecord> Journal::runs(int limit) const {
  std::vector<RunRecord> records;
  for (const DbRow& row : state_.query("select " + std::string(kRunColumns) + " from run order by run desc limit $1",
                                       {std::int64_t{limit}}))
    records.push_back(read_run(row));
  return records;
}

std::vector<RunRecord> Journal::running() const {
  std::vector<RunRecord> records;
  for (const DbRow& row : state_.query("select " + std::string(kRunColumns) + " from run where state = 'running' order by run"))
    records.push_back(read_run(row));
  return records;
}

std::optional<RunRecord> Journal::find(std::int64_t run) const {
  const auto rows = state_.query("select " + std::string(kRunColumns) + " from run where run = $1", {run});
  if (rows.empty()) return std::nullopt;
  return read_run(rows[0]);
}

std::vector<StepReport> Journal::steps(std::int64_t run) const {
  std::vector<StepReport> steps;
  for (const DbRow& row :
       state_.query("select name, kind, state, reason, error, attempts, rows_read, rows_written, rows_removed, "
                    "seconds, tables, rows_rejected, rows_late, bytes_written, queue_seconds, read_rows, bytes_read from step "
                    "where run = $1 order by name",
                    {run})) {
    StepReport step;
    step.name = row.text(0);
    step.kind = row.text(1);
    step.state = parse_step_state(row.text(2));
    step.reason = row.text(3);
    step.error = row.text(4);
    step.attempts = static_cast<int>(row.integer(5));
    if (!row.is_null(15)) step.rows_read = row.integer(15);
    if (!row.is_null(16)) step.bytes_read = row.integer(16);
    step.rows_written = row.integer(7);
    step.rows_removed = row.integer(8);
    if (const auto* seconds = std::get_if<double>(&row[9])) step.seconds = *seconds;
    step.rows_rejected = row.integer(11);
    step.rows_late = row.integer(12);
    step.bytes_written = row.integer(13);
    if (const auto* seconds = std::get_if<double>(&row[14])) step.queue_seconds = *seconds;
    for (const Json& name : Json::parse(row.text(10)))
      if (const auto table = parse_table_name(name.get<std::string>())) step.tables.push_back(*table);
    steps.push_back(std::move(step));
  }
  return steps;
}

std::vector<CheckResult> Journal::checks(std::int64_t run) const {
  std::vector<CheckResult> results;
  for (const DbRow& row :
       state_.query("select layer, name, check_name, severity, failing, error, sample from check_result "
                    "where run = $1 order by layer, name, check_name",
                    {run})) {
    CheckResult result;
    result.table = {row.text(0), row.text(1)};
    result.name = row.text(2);
    result.severity = row.text(3) == "warn" ? Severity::Warn : Severity::Error;
    result.failing = row.integer(4);
    result.error = row.text(5);
    result.sample = parse_sample(row.text(6));
    results.push_back(std::move(result));
  }
  return results;
}

std::optional<std::int64_t> Journal::last_run_with_steps() const {
  const auto rows = state_.query(
      "select run from run where state <> 'running' and command <> 'migrate' and exists (select 1 from step where step.run = run.run) "
      "order by run desc limit 1");
  if (rows.empty()) return std::nullopt;
  return rows[0].integer(0);
}

void Journal::insert(const RunRecord& record) {
  state_.execute_later(
      "insert into run(run, state, command, selection, author, target, branch, publication, process, started_at, "
      "finished_at, message, place) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, null, $11, $12)",
      {record.run, std::string(to_string(record.state)), record.command, record.selection, record.author, record.target,
       record.branch, record.publication, record.process, to_micros(record.started_at), record.message, record.place});
}

void Journal::finish(std::int64_t run, RunState state, std::int64_t publication, Instant at,
                     const std::string& message) {
  state_.execute_later(
      "update run set state = $2, publication = $3, finished_at = $4, message = $5 where run = $1 and state in "
      "('running', 'queued')",
      {run, std::string(to_string(state)), publication, to_micros(at), message});
}

bool Journal::ask_to_cancel(std::int64_t run, const std::string& by, Instant at) {
  return state_.execute(
             "update run set cancel_requested = $2, cancelled_by = $3 where run = $1 and state = 'running' and "
             "cancel_requested is null",
             {run, to_micros(at), by}) > 0;
}

std::optional<std::string> Journal::cancelled_by(std::int64_t run) const {
  const auto rows = state_.query("select cancelled_by from run where run = $1 and cancel_requested is not null", {run});
  if (rows.empty()) return std::nullopt;
  return rows[0].text(0);
}

void Journal::published(std::int64_t run, std::int64_t publication) {
  state_.execute_later("update run set publication = $2 where run = $1", {run, publication});
}

void Journal::save_steps(std::int64_t run, std::span<const StepReport> steps) {
  state_.write([&] {
    for (const StepReport& step : steps) {
      state_.execute_later(
          "insert into step(run, name, kind, state, reason, error, attempts, rows_read, rows_written, rows_removed, "
          "seconds, tables, rows_rejected, rows_late, bytes_written, queue_seconds, read_rows, bytes_read) values ($1, $2, $3, $4, $5, "
          "$6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) on conflict(run, name) do "
          "update set state = $4, reason = $5, error = $6, attempts = $7, rows_read = $8, rows_written = $9, "
          "rows_removed = $10, seconds = $11, rows_rejected = $13, rows_late = $14, bytes_written = $15, "
          "queue_seconds = $16, read_rows = $17, bytes_read = $18",
          {run, step.name, step.kind, std::string(to_string(step.state)), step.reason, step.error,
           std::int64_t{step.attempts}, step.rows_read.value_or(0), step.rows_written, step.rows_removed, step.seconds,
           table_names(step.tables).dump(), step.rows_rejected, step.rows_late, step.bytes_written,
           step.queue_seconds, step.rows_read ? DbValue(*step.rows_read) : DbValue(), step.bytes_read ? DbValue(*step.bytes_read) : DbValue()});
    }
  });
}

void Journal::save_check(std::int64_t run, const CheckResult& result) {
  state_.execute_later(
      "insert into check_result(run, layer, name, check_name, severity, failing, error, sample) values "
      "($1, $2, $3, $4, $5, $6, $7, $8)",
      {run, result.table.layer, result.table.name, result.name,
       std::string(result.severity == Severity::Warn ? "warn" : "error"), result.failing, result.error,
       sample_json(result.sample).dump(-1, ' ', false, Json::error_handler_t::replace)});
}

void Journal::roll_over(int keep) {
  const auto rows = state_.query("select run from run order by run desc limit 1 offset $1", {std::int64_t{keep}});
  if (rows.empty()) return;
  const std::int64_t oldest = rows[0].integer(0);
  state_.write([&] {
    for (const std::string_view table : {"step", "check_result"})
      state_.execute_later("delete from " + std::string(table) + " where run <= $1", {oldest});
    state_.execute_later("delete from run where run <= $1 and state not in ('running', 'queued')", {oldest});
  });
}

std::int64_t Journal::next_number() const {
  return state_.query("select coalesce(max(run), 0) + 1 from run")[0].integer(0);
}

}  // namespace lochan
