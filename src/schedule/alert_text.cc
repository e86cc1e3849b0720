#include "schedule/alert_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "project/alert_words.h"
#include "project/database_model.h"
#include "project/scalar.h"

namespace lochan {
namespace {

constexpr std::size_t kMostReasons = 10;
constexpr std::size_t kMostLines = 8;  // of one reason
constexpr std::size_t kMostTables = 10;
constexpr std::size_t kMostEvents = 20;  // told in full in one message
// Of Slack: https://api.slack.com/reference/block-kit/blocks
constexpr std::size_t kSlackHeader = 150;
constexpr std::size_t kSlackSection = 2900;  // of 3,000
constexpr std::size_t kSlackBlocks = 48;     // of 50

std::string at(Instant instant) { return to_string(instant).substr(0, 19) + " UTC"; }

std::string first_lines(std::string_view text) {
  std::string result;
  std::size_t count = 0;
  for (const std::string& line : text::split(text, '\n')) {
    if (text::trim(line).empty()) continue;
    if (++count > kMostLines) return result + "\n…";
    result += (result.empty() ? "" : "\n") + cut_text(line, 500);
  }
  return result;
}

std::string headline(const Happening& happening, AlertEvent event, const std::vector<const Trouble*>& troubles,
                     const std::vector<AlertSubject>& subjects) {
  if (event == AlertEvent::Recovered) {
    const std::string& first = subjects.front().subject;
    const std::string name = first.substr(first.find(':') + 1);
    return subjects.size() == 1 ? fmt::format("`{}` is well again", name)
                                : fmt::format("`{}` and {} more are well again", name, subjects.size() - 1);
  }
  if (troubles.size() == 1) return troubles.front()->headline;
  return event == AlertEvent::AuditFailed ? fmt::format("{} checks failed in run {}", troubles.size(), happening.run)
                                          : fmt::format("{} steps failed in run {}", troubles.size(), happening.run);
}

/// The part of a body that starts with a word and goes on, indented.
void add_part(std::string& body, std::string_view title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  body += fmt::format("\n{}\n", title);
  for (const std::string& text : lines)
    for (const std::string& line : text::split(text, '\n')) body += "  " + line + "\n";
}

std::vector<std::string> strings(const Json& list) { return list.get<std::vector<std::string>>(); }

/// Of a model that is made in a database, where publications don't reach: when that was, as far back as runs are kept.
std::string last_made(const AlertParts& parts, const Model& model) {
  const std::string name = to_string(model.table), in = **model.database->in;
  const auto made = parts.state.query(
      "select run.run, run.started_at from step join run on run.run = step.run where step.name = $1 and "
      "step.state in ('built', 'unchanged') and run.target = 'main' order by run.run desc limit 1",
      {name});
  if (made.empty()) return fmt::format("{}: not made in the database `{}` by any run that is kept", name, in);
  return fmt::format("{}: as of run {}, {}, in the database `{}`", name, made[0].integer(0),
                     at(instant_from_micros(made[0].integer(1))), in);
}

/// What readers of these tables get now.
std::vector<std::string> readers_see(const AlertParts& parts, const std::vector<std::string>& tables) {
  const Catalog& catalog = parts.catalog;
  std::map<std::int64_t, Instant> published;
  const auto newest = catalog.publications(100);
  for (const Publication& publication : newest) published[publication.number] = publication.at;
  const auto when = [&](std::int64_t number) {
    const auto found = published.find(number);
    return found == published.end() ? fmt::format("publication {}", number)
                                    : fmt::format("publication {}, {}", number, at(found->second));
  };
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < std::min(tables.size(), kMostTables); ++i) {
    const auto table = parse_table_name(tables[i]);
    const auto in_database = table ? parts.project.database_models.find(*table) : parts.project.database_models.end();
    if (in_database != parts.project.database_models.end()) {
      lines.push_back(last_made(parts, in_database->second));
      continue;
    }
    if (newest.empty()) continue;
    const auto entry = table ? catalog.find("main", *table) : std::nullopt;
    lines.push_back(entry ? fmt::format("{}: as of {}", tables[i], when(entry->from_publication))
                          : fmt::format("{}: never published", tables[i]));
  }
  lines.push_back(newest.empty() ? "nothing was published yet"
                                 : fmt::format("the lake: {}", when(newest.front().number)));
  return lines;
}

std::vector<std::string> shortened(std::vector<std::string> names) {
  if (names.size() <= kMostTables) return names;
  const std::size_t more = names.size() - kMostTables;
  names.resize(kMostTables);
  names.push_back(fmt::format("and {} more", more));
  return names;
}

std::string body_of(const Json& event, const std::vector<std::string>& readers) {
  std::string body = event["headline"].get<std::string>() + "\n";
  if (event["run"].get<std::int64_t>() > 0)
    body += fmt::format(
        "run {}{}, {}\n", event["run"].get<std::int64_t>(),
        event["schedule"].get<std::string>().empty() ? "" : " of schedule " + event["schedule"].get<std::string>(),
        event["at"].get<std::string>());
  else
    body += fmt::format("schedule {}, {}\n", event["schedule"].get<std::string>(), event["at"].get<std::string>());
  add_part(body, "why", strings(event["reasons"]));
  add_part(body, "tables", shortened(strings(event["tables"])));
  if (!event["since"].get<std::string>().empty()) add_part(body, "since", {event["since"].get<std::string>()});
  add_part(body, "readers see", readers);
  add_part(body, "look closer", strings(event["look"]));
  return body;
}

std::string slack_escaped(std::string_view text) {
  std::string result;
  for (const char letter : text) {
    if (letter == '&')
      result += "&amp;";
    else if (letter == '<')
      result += "&lt;";
    else if (letter == '>')
      result += "&gt;";
    else
      result += letter;
  }
  return result;
}

std::string slack_json(const AlertMessage& message, const std::vector<std::string>& bodies) {
  Json blocks = Json::array();
  blocks.push_back(
      {{"type", "header"}, {"text", {{"type", "plain_text"}, {"text", cut_text(message.subject, kSlackHeader)}}}});
  for (const std::string& body : bodies) {
    if (blocks.size() == kSlackBlocks) break;
    const std::string text = cut_text(slack_escaped(body), kSlackSection);
    blocks.push_back({{"type", "section"}, {"text", {{"type", "mrkdwn"}, {"text", text}}}});
  }
  return Json{{"text", slack_escaped(message.subject)}, {"blocks", std::move(blocks)}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
}

std::string plain_json(const AlertParts& parts, const AlertConfig& alert, const AlertMessage& message,
                       const Json& events) {
  return Json{{"project", parts.project.name},
              {"alert", alert.name},
              {"subject", message.subject},
              {"text", message.body},
              {"events", events}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json masked(const Json& event, const Secrets& secrets) {
  if (event.is_string()) return secrets.mask(event.get<std::string>());
  if (!event.is_structured()) return event;
  Json result = event;
  for (Json& value : result) value = masked(value, secrets);
  return result;
}

}  // namespace

std::string event_text(const Happening& happening, AlertEvent event, const std::vector<AlertSubject>& subjects) {
  std::vector<const Trouble*> troubles;
  for (const Trouble& trouble : happening.troubles)
    if (trouble.event == event) troubles.push_back(&trouble);
  std::vector<std::string> reasons;
  for (std::size_t i = 0; i < std::min(troubles.size(), kMostReasons); ++i) {
    const Trouble& trouble = *troubles[i];
    if (troubles.size() > 1) reasons.push_back(trouble.headline);
    if (!trouble.reason.empty()) reasons.push_back(first_lines(trouble.reason));
  }
  if (troubles.size() > kMostReasons) reasons.push_back(fmt::format("and {} more", troubles.size() - kMostReasons));
  if (event == AlertEvent::Recovered)
    for (const AlertSubject& subject : subjects)
      reasons.push_back(fmt::format("{}: it had `{}` since {}", subject.subject, subject.event, at(subject.since)));
  Instant since = happening.at;
  for (const AlertSubject& subject : subjects) since = std::min(since, subject.since);
  std::vector<std::string> tables;
  if (event != AlertEvent::Recovered)
    for (const TableName& table : happening.tables) tables.push_back(to_string(table));
  return Json{{"event", to_string(event)}, {"headline", headline(happening, event, troubles, subjects)},
              {"run", happening.run},      {"schedule", happening.schedule},
              {"at", at(happening.at)},    {"since", event == AlertEvent::Recovered ? "" : at(since)},
              {"reasons", reasons},        {"tables", tables},
              {"look", happening.look}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

AlertMessage make_message(const AlertParts& parts, const AlertConfig& alert, const std::vector<AlertEventRow>& events) {
  Json told = Json::array();
  std::vector<std::string> bodies;
  for (const AlertEventRow& row : events) {
    Json event = Json::parse(row.text);
    const auto readers = readers_see(parts, strings(event["tables"]));
    event["readers_see"] = readers;
    event = masked(event, parts.secrets);
    if (bodies.size() < kMostEvents) bodies.push_back(body_of(event, strings(event["readers_see"])));
    told.push_back(std::move(event));
  }
  AlertMessage message;
  message.alert = alert.name;
  message.subject = fmt::format("[{}] {}", parts.project.name, told[0]["headline"].get<std::string>());
  if (told.size() > 1) message.subject += fmt::format(", and {} more", told.size() - 1);
  for (const std::string& body : bodies) message.body += (message.body.empty() ? "" : "\n----\n\n") + body;
  if (told.size() > bodies.size()) message.body += fmt::format("\nand {} more\n", told.size() - bodies.size());
  if (alert.webhook)
    message.json =
        alert.shape == WebhookShape::Slack ? slack_json(message, bodies) : plain_json(parts, alert, message, told);
  return message;
}

AlertMessage make_test_message(const AlertParts& parts, const AlertConfig& alert) {
  AlertMessage message;
  message.alert = alert.name;
  message.subject = fmt::format("[{}] a test of alert `{}`", parts.project.name, alert.name);
  std::string events;
  for (const AlertEvent event : alert.on) events += (events.empty() ? "" : ", ") + std::string(to_string(event));
  message.body = fmt::format("This is a test: nothing has failed.\nAlert `{}` of project `{}` tells: {}\n", alert.name,
                             parts.project.name, events);
  if (alert.webhook)
    message.json = alert.shape == WebhookShape::Slack ? slack_json(message, {message.body})
                                                      : plain_json(parts, alert, message, Json::array());
  return message;
}

}  // namespace lochan
