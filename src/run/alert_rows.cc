#include "run/alert_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include <array>

#include "base/error.h"
#include "run/measures.h"

namespace lochan {
namespace {

constexpr std::array kMigrations = {Migration{"alert", 1, R"(
create table alert(name text primary key, since bigint not null);
create table alert_subject(
  alert text not null, subject text not null, event text not null, way text not null, since bigint not null,
  told_at bigint not null, primary key (alert, subject));
create table alert_event(
  alert text not null, key text not null, event text not null, at bigint not null, found_at bigint not null,
  text text not null, message bigint not null, primary key (alert, key));
create index alert_event_waiting on alert_event(alert) where message = 0;
create index alert_event_of_message on alert_event(message);
create table alert_message(
  number bigint primary key, alert text not null, identity text not null, subject text not null, body text not null,
  json text not null, state text not null, attempts bigint not null, created_at bigint not null, next_at bigint not null,
  sent_at bigint, error text not null);
create index alert_message_unsent on alert_message(number) where state in ('waiting', 'sending')
)"}};

constexpr std::string_view kColumns =
    "number, alert, identity, subject, body, json, state, attempts, created_at, next_at, sent_at, error";

constexpr std::array kStates = {MessageState::Waiting, MessageState::Sending, MessageState::Sent,
                                MessageState::GivenUp};

MessageState parse_state(const std::string& text) {
  for (const MessageState state : kStates)
    if (to_string(state) == text) return state;
  throw Error(ErrorKind::Internal, fmt::format("a message is in the unknown state `{}`", text));
}

AlertMessage read(const DbRow& row) {
  AlertMessage message;
  message.number = row.integer(0);
  message.alert = row.text(1);
  message.identity = row.text(2);
  message.subject = row.text(3);
  message.body = row.text(4);
  message.json = row.text(5);
  message.state = parse_state(row.text(6));
  message.attempts = static_cast<int>(row.integer(7));
  message.created_at = instant_from_micros(row.integer(8));
  message.next_at = instant_from_micros(row.integer(9));
  if (!row.is_null(10)) message.sent_at = instant_from_micros(row.integer(10));
  message.error = row.text(11);
  return message;
}

}  // namespace

std::string_view to_string(MessageState state) {
  switch (state) {
    case MessageState::Waiting:
      return "waiting";
    case MessageState::Sending:
      return "sending";
    case MessageState::Sent:
      return "sent";
    case MessageState::GivenUp:
      return "given_up";
  }
  return "";
}

std::span<const Migration> AlertRows::migrations() { return kMigrations; }

Instant AlertRows::since(const std::string& alert, Instant now) {
  const auto find = [&] { return state_.query("select since from alert where name = $1", {alert}); };
  auto rows = find();
  if (rows.empty()) {
    state_.execute("insert into alert(name, since) values ($1, $2) on conflict(name) do nothing",
                   {alert, to_micros(now)});
    rows = find();
  }
  // The clock was ahead then.
  if (instant_from_micros(rows[0].integer(0)) > now)
    state_.execute("update alert set since = $2 where name = $1", {alert, to_micros(now)});
  return std::min(now, instant_from_micros(rows[0].integer(0)));
}

std::vector<AlertSubject> AlertRows::subjects(const std::string& alert) const {
  std::vector<AlertSubject> subjects;
  for (const DbRow& row : state_.query(
           "select subject, event, way, since, told_at from alert_subject where alert = $1 order by subject", {alert}))
    subjects.push_back({row.text(0), row.text(1), row.text(2), instant_from_micros(row.integer(3)),
                        instant_from_micros(row.integer(4))});
  return subjects;
}

void AlertRows::put(const std::string& alert, const AlertSubject& subject) {
  state_.execute(
      "insert into alert_subject(alert, subject, event, way, since, told_at) values ($1, $2, $3, $4, $5, $6) "
      "on conflict(alert, subject) do update set event = $3, way = $4, since = $5, told_at = $6",
      {alert, subject.subject, subject.event, subject.way, to_micros(subject.since), to_micros(subject.told_at)});
}

void AlertRows::remove(const std::string& alert, const std::string& subject) {
  state_.execute("delete from alert_subject where alert = $1 and subject = $2", {alert, subject});
}

void AlertRows::insert(const std::string& alert, const AlertEventRow& event, Instant now) {
  state_.execute(
      "insert into alert_event(alert, key, event, at, found_at, text, message) values ($1, $2, $3, $4, $5, $6, 0) "
      "on conflict(alert, key) do nothing",
      {alert, event.key, event.event, to_micros(event.at), to_micros(now), event.text});
}

std::vector<std::pair<std::string, Instant>> AlertRows::waiting() const {
  std::vector<std::pair<std::string, Instant>> alerts;
  for (const DbRow& row :
       state_.query("select alert, min(found_at) from alert_event where message = 0 group by alert order by alert"))
    alerts.emplace_back(row.text(0), instant_from_micros(row.integer(1)));
  return alerts;
}

std::vector<AlertEventRow> AlertRows::events_without_message(const std::string& alert) const {
  std::vector<AlertEventRow> events;
  for (const DbRow& row : state_.query(
           "select key, event, at, text from alert_event where alert = $1 and message = 0 order by at, key", {alert}))
    events.push_back({row.text(0), row.text(1), instant_from_micros(row.integer(2)), row.text(3)});
  return events;
}

void AlertRows::insert(AlertMessage message) {
  message.number = state_.query("select coalesce(max(number), 0) + 1 from alert_message")[0].integer(0);
  state_.execute(
      "insert into alert_message(number, alert, identity, subject, body, json, state, attempts, created_at, next_at, "
      "sent_at, error) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, null, $11)",
      {message.number, message.alert, message.identity, message.subject, message.body, message.json,
       std::string(to_string(message.state)), std::int64_t{message.attempts}, to_micros(message.created_at),
       to_micros(message.next_at), message.error});
  state_.execute("update alert_event set message = $2 where alert = $1 and message = 0",
                 {message.alert, message.number});
}

std::vector<AlertMessage> AlertRows::select(const std::string& rest, std::initializer_list<DbValue> values) const {
  std::vector<AlertMessage> messages;
  for (const DbRow& row : state_.query(fmt::format("select {} from alert_message {}", kColumns, rest), values))
    messages.push_back(read(row));
  return messages;
}

std::vector<AlertMessage> AlertRows::unsent() const {
  return select("where state in ('waiting', 'sending') order by number", {});
}

std::vector<AlertMessage> AlertRows::newest(int limit) const {
  return select("order by number desc limit $1", {std::int64_t{limit}});
}

bool AlertRows::start_sending(const AlertMessage& message) {
  return state_.execute(
             "update alert_message set state = 'sending', attempts = attempts + 1 "
             "where number = $1 and state = $2 and attempts = $3",
             {message.number, std::string(to_string(message.state)), std::int64_t{message.attempts}}) > 0;
}

void AlertRows::finish(const AlertMessage& message) {
  const DbValue sent_at = message.sent_at ? DbValue(to_micros(*message.sent_at)) : DbValue(nullptr);
  state_.write([&] {
    state_.execute(
        "update alert_message set state = $2, next_at = $3, sent_at = $4, error = $5 where number = $1",
        {message.number, std::string(to_string(message.state)), to_micros(message.next_at), sent_at, message.error});
    // One that waits again has failed once more.
    const bool has_failed = message.state == MessageState::Waiting;
    Measures(state_).add({"alert_messages", message.alert, has_failed ? "failed" : std::string(to_string(message.state)), 1});
  });
}

std::vector<AlertMessage> AlertRows::given_up(Instant since) const {
  return select("where state = 'given_up' and next_at >= $1 order by number", {to_micros(since)});
}

void AlertRows::roll_over(Instant before) {
  const std::int64_t at = to_micros(before);
  state_.execute(
      "delete from alert_event where message in "
      "(select number from alert_message where state in ('sent', 'given_up') and created_at < $1)",
      {at});
  state_.execute("delete from alert_message where state in ('sent', 'given_up') and created_at < $1", {at});
  state_.execute("delete from alert_subject where told_at < $1", {at});
}

}  // namespace lochan
