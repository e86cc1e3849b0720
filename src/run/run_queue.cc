#include "run/run_queue.h"

#include <fmt/format.h>

#include <array>

#include "base/error.h"
#include "base/json.h"
#include "project/scalar.h"

namespace lochan {
namespace {

// `starts`: processes that were started for it; the last one's number is its right to begin.
constexpr std::array kMigrations = {Migration{"queue", 1, R"(
create table queued_run(
  run bigint primary key, request text not null, starts bigint not null default 0, taken_by text not null default '',
  taken_at bigint not null default 0)
)"}};

std::string to_text(const RunRequest& request) {
  return Json{{"select", request.select}, {"exclude", request.exclude}, {"full_refresh", request.full_refresh},
              {"target", request.target}, {"command", request.command}, {"author", request.author}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

RunRequest parse_request(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    RunRequest request;
    request.select = json.at("select").get<std::vector<std::string>>();
    request.exclude = json.at("exclude").get<std::vector<std::string>>();
    request.full_refresh = json.at("full_refresh");
    request.target = json.at("target");
    request.command = json.at("command");
    request.author = json.at("author");
    return request;
  } catch (const Json::exception& failure) {
    throw Error(ErrorKind::Data, fmt::format("the row of a queued run can't be read: {}", failure.what()));
  }
}

}  // namespace

std::string to_string(const QueuedStart& start) { return fmt::format("{}:{}", start.run, start.start); }

QueuedStart parse_queued_start(std::string_view text) {
  const auto colon = text.find(':');
  if (colon != std::string_view::npos) {
    const auto run = parse_integer(std::string(text.substr(0, colon)));
    const auto start = parse_integer(std::string(text.substr(colon + 1)));
    if (run && start) return {*run, *start};
  }
  throw Error(ErrorKind::Usage, fmt::format("`{}` is no start of a queued run, such as `42:1`", text));
}

std::span<const Migration> RunQueue::migrations() { return kMigrations; }

std::int64_t RunQueue::add(const RunRequest& request, const std::string& selection, Instant now) {
  RunRecord record;
  record.state = RunState::Queued;
  record.command = request.command;
  record.selection = selection;
  record.author = request.author;
  record.target = request.target;
  record.started_at = now;
  state_.write([&] {
    Journal journal(state_);
    record.run = journal.next_number();
    record.branch = fmt::format("run-{}", record.run);
    journal.insert(record);
    state_.execute("insert into queued_run(run, request) values ($1, $2)", {record.run, to_text(request)});
  });
  return record.run;
}

bool RunQueue::is_empty() const { return state_.query("select 1 from queued_run limit 1").empty(); }

std::optional<QueuedStart> RunQueue::take(const std::string& worker, Instant now, bool is_shared) {
  // Workers of several hosts pass by a row that another has in its hands, and wait for no writer's turn.
  const std::string sql = fmt::format(
      "update queued_run set taken_by = $1, taken_at = $2, starts = starts + 1 where run = (select run from queued_run "
      "where "
      "taken_at <= $3 order by run limit 1{}) returning run, starts",
      is_shared ? " for update skip locked" : "");
  const std::array<DbValue, 3> values{worker, to_micros(now), to_micros(now - kSilence)};
  std::vector<DbRow> rows;
  if (is_shared)
    rows = state_.query(sql, values);
  else if (!is_empty())
    state_.write([&] { rows = state_.query(sql, values); });
  if (rows.empty()) return std::nullopt;
  return QueuedStart{rows[0].integer(0), rows[0].integer(1)};
}

void RunQueue::renew(const QueuedStart& start, Instant now) {
  state_.execute("update queued_run set taken_at = $3 where run = $1 and starts = $2",
                 {start.run, start.start, to_micros(now)});
}

void RunQueue::give_back(const QueuedStart& start) {
  state_.execute("update queued_run set taken_at = 0, taken_by = '' where run = $1 and starts = $2",
                 {start.run, start.start});
}

RunRequest RunQueue::request(const QueuedStart& start) const {
  require(start);
  RunRequest request = parse_request(
      state_.query("select request from queued_run where run = $1 and starts = $2", {start.run, start.start})
          .at(0)
          .text(0));
  request.queued = start;
  return request;
}

void RunQueue::require(const QueuedStart& start) const {
  const auto rows = state_.query("select starts, taken_by from queued_run where run = $1", {start.run});
  if (!rows.empty() && rows[0].integer(0) == start.start) return;
  if (!rows.empty())
    throw Error(ErrorKind::Conflict,
                fmt::format("run {} was taken by the worker {} meanwhile", start.run, rows[0].text(1)));
  throw Error(ErrorKind::Conflict, fmt::format("run {} isn't queued any more", start.run))
      .hint("it was cancelled, or another worker has begun it");
}

void RunQueue::begin(const QueuedStart& start, const RunRecord& record) {
  require(start);
  state_.execute("delete from queued_run where run = $1", {start.run});
  state_.execute("update run set state = $2, branch = $3, process = $4, started_at = $5, place = $6 where run = $1",
                 {record.run, std::string(to_string(RunState::Running)), record.branch, record.process,
                  to_micros(record.started_at), record.place});
}

bool RunQueue::end(const QueuedStart& start, RunState state, const std::string& message, Instant now) {
  const std::array<DbValue, 2> values{start.run, start.start};
  return end_where("run = $1 and starts = $2", values, start.run, state, message, now);
}

bool RunQueue::drop(std::int64_t run, const std::string& message, Instant now) {
  const std::array<DbValue, 1> values{run};
  return end_where("run = $1", values, run, RunState::Cancelled, message, now);
}

bool RunQueue::end_where(const std::string& where, std::span<const DbValue> values, std::int64_t run, RunState state,
                         const std::string& message, Instant now) {
  bool is_ours = false;
  state_.write([&] {
    is_ours = state_.execute("delete from queued_run where " + where, values) > 0;
    if (is_ours) Journal(state_).finish(run, state, 0, now, message);
  });
  return is_ours;
}

}  // namespace lochan
