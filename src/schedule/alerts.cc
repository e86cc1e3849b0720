#include "schedule/alerts.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "project/alert_words.h"
#include "schedule/alert_sender.h"
#include "schedule/alert_text.h"

namespace lochan {
namespace {

using std::chrono::seconds;

constexpr int kMostAtOnce = 200;    // rows looked at in one go
constexpr int kMostAttempts = 12;   // some four hours
constexpr seconds kFirstDelay{10};  // doubled each time
constexpr seconds kLongestDelay{3600};
constexpr std::chrono::hours kKeep{24 * 30};
constexpr std::chrono::hours kToldFor{24};  // a message that was given up

bool is_on(const AlertConfig& alert, AlertEvent event) { return std::ranges::find(alert.on, event) != alert.on.end(); }

/// Whether it matters to the alert that this fails: an alert for recoveries alone is for those of anything.
bool follows(const AlertConfig& alert, AlertEvent event) {
  return is_on(alert, event) ||
         std::ranges::all_of(alert.on, [](AlertEvent on) { return on == AlertEvent::Recovered; });
}

bool is_for(const AlertConfig& alert, const Happening& happening) {
  return alert.select.empty() ||
         std::ranges::any_of(alert.select, [&](const LocatedText& name) { return *name == happening.schedule; });
}

seconds delay_after(int attempts) {
  seconds delay = kFirstDelay;
  for (int i = 1; i < attempts && delay < kLongestDelay; ++i) delay *= 2;
  return std::min(delay, kLongestDelay);
}

}  // namespace

AlertLoop::AlertLoop(const AlertLoopParts& parts) : AlertLoop(parts, send_alert) {}

AlertLoop::AlertLoop(const AlertLoopParts& parts, Send send)
    : parts_(parts), send_(std::move(send)), rows_(parts.state), events_(parts.state) {}

void AlertLoop::step() {
  collect();
  compose();
  send();
}

const AlertConfig* AlertLoop::find(const std::string& name) const {
  const auto found = std::ranges::find(parts_.project.alerts, name, &AlertConfig::name);
  return found == parts_.project.alerts.end() ? nullptr : &*found;
}

void AlertLoop::collect() {
  const Instant now = parts_.clock.now();
  for (const AlertConfig& alert : parts_.project.alerts) (void)rows_.since(alert.name, now);
  const auto take = [&](const Happening& happening) {
    for (const AlertConfig& alert : parts_.project.alerts) tell(alert, happening, now);
  };
  while (events_.collect(kMostAtOnce, take) > 0) {
  }
}

// Inside the transaction that marks the happening as looked at.
void AlertLoop::tell(const AlertConfig& alert, const Happening& happening, Instant now) {
  if (!is_for(alert, happening) || happening.at < rows_.since(alert.name, now)) return;
  const auto insert = [&](AlertEvent event, const std::vector<AlertSubject>& subjects) {
    rows_.insert(alert.name,
                 {fmt::format("{}/{}", happening.key, to_string(event)), std::string(to_string(event)), happening.at,
                  event_text(happening, event, subjects)},
                 now);
  };
  const auto well = recovered(alert, happening);
  if (!well.empty() && is_on(alert, AlertEvent::Recovered)) insert(AlertEvent::Recovered, well);
  for (const AlertEvent event : {AlertEvent::Failed, AlertEvent::AuditFailed, AlertEvent::Late, AlertEvent::Missed}) {
    bool is_told = false;
    const auto subjects = failing(alert, happening, event, is_told);
    if (is_told && is_on(alert, event)) insert(event, subjects);
  }
}

std::vector<AlertSubject> AlertLoop::recovered(const AlertConfig& alert, const Happening& happening) {
  std::vector<AlertSubject> well;
  for (const AlertSubject& subject : rows_.subjects(alert.name)) {
    if (!happening.is_well(subject.subject)) continue;
    rows_.remove(alert.name, subject.subject);
    well.push_back(subject);
  }
  return well;
}

// What fails by this event; it is told when one of it is new, fails in another way, or was told long ago.
std::vector<AlertSubject> AlertLoop::failing(const AlertConfig& alert, const Happening& happening, AlertEvent event,
                                             bool& is_told) {
  std::vector<AlertSubject> subjects;
  if (!follows(alert, event)) return subjects;
  const auto known = rows_.subjects(alert.name);
  for (const Trouble& trouble : happening.troubles) {
    if (trouble.event != event) continue;
    AlertSubject subject{trouble.subject, std::string(to_string(event)), trouble.way, happening.at, happening.at};
    const auto before = std::ranges::find(known, trouble.subject, &AlertSubject::subject);
    const bool was_told = before != known.end() && before->event == subject.event && before->way == subject.way &&
                          happening.at - before->told_at < alert.repeat;
    if (before != known.end()) subject.since = before->since;
    if (was_told) subject.told_at = before->told_at;
    is_told = is_told || !was_told;
    rows_.put(alert.name, subject);
    subjects.push_back(std::move(subject));
  }
  return subjects;
}

void AlertLoop::compose() {
  const Instant now = parts_.clock.now();
  for (const auto& [name, first] : rows_.waiting()) {
    const AlertConfig* alert = find(name);
    if (alert != nullptr && first <= now && first + alert->group > now) continue;
    AlertMessage message;
    message.alert = name;
    if (alert != nullptr)
      message = make_message({parts_.project, parts_.catalog, parts_.state, parts_.secrets}, *alert,
                             rows_.events_without_message(name));
    message.identity = random_uuid();
    message.created_at = message.next_at = now;
    parts_.state.write([&] {
      // Of this process alone: nobody else adds to them.
      rows_.insert(std::move(message));
      rows_.roll_over(now - kKeep);
    });
  }
}

void AlertLoop::send() {
  const Instant now = parts_.clock.now();
  for (AlertMessage& message : rows_.unsent())
    // Farther off it was never put: the clock was set back.
    if (message.next_at <= now || message.next_at > now + kLongestDelay || message.state == MessageState::Sending)
      send(std::move(message));
}

void AlertLoop::send(AlertMessage message) {
  const AlertConfig* alert = find(message.alert);
  if (!rows_.start_sending(message)) return;
  ++message.attempts;
  message.next_at = parts_.clock.now();
  try {
    if (alert == nullptr)
      throw Error(ErrorKind::NotFound, fmt::format("lochan.yaml has no alert `{}` any more", message.alert));
    message.error = parts_.secrets.mask(send_(*alert, message, message.created_at));
    message.state = MessageState::Sent;
    message.sent_at = parts_.clock.now();
    if (!message.error.empty())
      parts_.log.write(LogLevel::Warn, fmt::format("alert `{}` was sent, but {}", message.alert, message.error));
  } catch (const Error& error) {
    message.error = parts_.secrets.mask(error.message());
    const bool is_last = alert == nullptr || message.attempts >= kMostAttempts;
    message.state = is_last ? MessageState::GivenUp : MessageState::Waiting;
    if (!is_last) message.next_at += delay_after(message.attempts);
    parts_.log.write(is_last ? LogLevel::Error : LogLevel::Warn,
               fmt::format("alert `{}` was not sent ({}): {}{}", message.alert, message.subject, message.error,
                           is_last ? "; it was the last attempt" : ""));
  }
  rows_.finish(message);
}

std::optional<Instant> AlertLoop::wake_at() const {
  std::optional<Instant> earliest;
  const auto wake = [&](Instant at) { earliest = earliest ? std::min(*earliest, at) : at; };
  for (const auto& [name, first] : rows_.waiting()) {
    const AlertConfig* alert = find(name);
    wake(alert == nullptr ? first : first + alert->group);
  }
  for (const AlertMessage& message : rows_.unsent()) wake(message.next_at);
  return earliest;
}

std::vector<Error> AlertLoop::problems() const {
  std::vector<Error> problems;
  for (const AlertMessage& message : rows_.unsent())
    if (!message.error.empty())
      problems.push_back(
          Error(ErrorKind::Unavailable,
                fmt::format("alert `{}` could not be sent, {} so far: {}", message.alert,
                            message.attempts == 1 ? "1 attempt" : fmt::format("{} attempts", message.attempts),
                            message.error))
              .hint("try it: `lochan alert test " + message.alert + "`"));
  for (const AlertMessage& message : rows_.given_up(parts_.clock.now() - kToldFor))
    problems.push_back(
        Error(ErrorKind::Unavailable, fmt::format("alert `{}` was never sent: {}", message.alert, message.error))
            .hint("it said: " + message.subject));
  return problems;
}

}  // namespace lochan
