// The keys of an alert, in `alerts` of lochan.yaml.
#include <fmt/format.h>

#include "project/alert_words.h"
#include "project/file_keys.h"

namespace lochan {
namespace {

using Shape = ValueType::Shape;
using Count = ValueType::Count;

ValueType event_type() {
  ValueType type{.shape = Shape::Choice, .count = Count::OneOrList};
  type.choices.assign(EnumWords<AlertEvent>::kWords.begin(), EnumWords<AlertEvent>::kWords.end());
  return type;
}

void read_events(ValueReader& reader, const YamlValue& value, AlertConfig& alert) {
  for (const LocatedText& word : reader.read_list(value, "on", event_type()))
    for (std::size_t i = 0; i < EnumWords<AlertEvent>::kWords.size(); ++i)
      if (EnumWords<AlertEvent>::kWords[i] == *word) alert.on.push_back(static_cast<AlertEvent>(i));
}

Keys<AlertConfig> make_alert_keys() {
  Keys<AlertConfig> keys("alert", "An alert, in `alerts`",
                         "Who is told of what, by mail or by a webhook; `lochan serve` sends it. See docs/alerts.md.");
  keys.add({.name = "on",
            .type = event_type(),
            .is_required = true,
            .help = "`failed`: a run or a step failed; `audit_failed`: a check held tables back; `late`, `missed`: a "
                    "schedule's tick; `recovered`: what one of the others told is well again"},
           read_events);
  keys.add("smtp", &AlertConfig::smtp, "the mail server: `smtp://user:password@host:587` or `smtps://…`")
      .add("to", &AlertConfig::to, "the mail addresses that are told")
      .add("from", &AlertConfig::from, "the address that mails come from; by default `lochan@` and the machine's name")
      .add("webhook", &AlertConfig::webhook, "an `https://` or `http://` URL that gets a POST, instead of `smtp`")
      .add("shape", &AlertConfig::shape, "of what is posted to `webhook`: `plain` JSON, or `slack`")
      .add("select", &AlertConfig::select, "names of schedules whose runs it is for; by default every run of `main`",
           {.shape = Shape::Word})
      .add("group", &AlertConfig::group, "what happens within it goes into one message")
      .add("repeat", &AlertConfig::repeat, "what keeps failing the same way is not told again before")
      .add("name", &AlertConfig::name, "its name; by default its place: `alert_1`", {.shape = Shape::Word});
  return keys;
}

}  // namespace

const Keys<AlertConfig>& alert_keys() {
  static const Keys<AlertConfig> kKeys = make_alert_keys();
  return kKeys;
}

void read_alerts(ValueReader& reader, const YamlValue& value, Project& project) {
  const ValueType type{.shape = Shape::Mapping, .count = Count::List, .keys = &alert_keys().table()};
  if (value.kind != YamlValue::Kind::List) return reader.add_wrong_type(value, "alerts", type);
  for (const YamlValue& item : value.items) {
    AlertConfig alert;
    alert.position = item.position;
    const std::size_t before = reader.problems().size();
    alert_keys().read(reader, item, alert);
    if (alert.name.empty()) alert.name = fmt::format("alert_{}", &item - value.items.data() + 1);
    // Which keys go together can't be said of keys that could not be read.
    if (reader.problems().size() == before) project.alerts.push_back(std::move(alert));
  }
}

}  // namespace lochan
