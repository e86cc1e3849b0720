// What alerts have told and have to tell, as rows of the state: nothing of it is lost or told twice by a crash.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/migration.h"

namespace lochan {

/// Something that fails, as an alert knows it: a step, a check, a schedule, a whole run.
struct AlertSubject {
  std::string subject;  // "step:mart.sales"
  std::string event;    // the word: "failed"
  std::string way;      // how it fails; another way is told anew
  Instant since{};
  Instant told_at{};
};

/// What happened, as one alert tells it.
struct AlertEventRow {
  std::string key;  // "run-42/failed": told once
  std::string event;
  Instant at{};
  std::string text;  // a JSON object, see alert_events.h
};

enum class MessageState { Waiting, Sending, Sent, GivenUp };
std::string_view to_string(MessageState state);

struct AlertMessage {
  std::int64_t number = 0;
  std::string alert;
  std::string identity;  // the same each time it is sent: Message-ID, Idempotency-Key
  std::string subject;
  std::string body;  // of a mail
  std::string json;  // of a webhook
  MessageState state = MessageState::Waiting;
  int attempts = 0;
  Instant created_at{};
  Instant next_at{};
  std::optional<Instant> sent_at{};
  std::string error;  // of the last attempt
};

/// Reads and writes rows; holds nothing.
class AlertRows {
 public:
  static std::span<const Migration> migrations();
  explicit AlertRows(Database& state) : state_(state) {}

  /// Since when the alert is in the file: what was before isn't told.
  Instant since(const std::string& alert, Instant now);

  std::vector<AlertSubject> subjects(const std::string& alert) const;
  void put(const std::string& alert, const AlertSubject& subject);
  void remove(const std::string& alert, const std::string& subject);

  /// Nothing happens when there is one with that key.
  void insert(const std::string& alert, const AlertEventRow& event, Instant now);
  /// Alerts with events that are in no message, and when the first of these was found.
  std::vector<std::pair<std::string, Instant>> waiting() const;
  std::vector<AlertEventRow> events_without_message(const std::string& alert) const;
  /// With all events of its alert that are in no message.
  void insert(AlertMessage message);

  /// Those that have to be sent, the oldest first; those that were being sent when a process ended among them.
  std::vector<AlertMessage> unsent() const;
  std::vector<AlertMessage> newest(int limit) const;
  /// False when another process was first.
  bool start_sending(const AlertMessage& message);
  void finish(const AlertMessage& message);
  /// Messages given up since then.
  std::vector<AlertMessage> given_up(Instant since) const;
  /// Deletes messages that ended before then, and what nothing has failed by since.
  void roll_over(Instant before);

 private:
  std::vector<AlertMessage> select(const std::string& rest, std::initializer_list<DbValue> values) const;

  Database& state_;
};

}  // namespace lochan
