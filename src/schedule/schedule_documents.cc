#include "schedule/schedule_documents.h"

#include <nlohmann/json.hpp>

#include "project/scalar.h"

namespace lochan {
namespace {

Document time_or_null(const std::optional<Instant>& at) { return at ? Document(to_iso8601(*at)) : Document(); }

}  // namespace

std::string when(const ScheduleConfig& config) {
  if (config.cron) return **config.cron;
  if (config.every) return "every " + show_duration(*config.every);
  std::string text = "after";
  for (const LocatedText& table : config.after) text += " " + *table;
  return text;
}

Document to_document(const Tick& tick) {
  return {{"tick", to_string(tick.key)},
          {"schedule", tick.key.schedule},
          {"due_at", to_iso8601(tick.key.due_at)},
          {"state", to_string(tick.state)},
          {"by_hand", tick.by_hand},
          {"reason", tick.reason},
          {"run", tick.run == 0 ? Document() : Document(tick.run)},
          {"started_at", time_or_null(tick.started_at)},
          {"late_at", time_or_null(tick.late_at)},
          {"ended_at", time_or_null(tick.ended_at)}};
}

Document to_document(const ScheduleStatus& status) {
  Document open = Document::array();
  for (const Tick& tick : status.open) open.push_back(to_document(tick));
  return {{"schedule", status.config->name},
          {"when", when(*status.config)},
          {"timezone", status.config->timezone->empty() ? "UTC" : *status.config->timezone},
          {"paused", status.is_paused},
          {"next", time_or_null(status.next)},
          {"last", status.last ? to_document(*status.last) : Document()},
          {"last_run", status.last_run ? to_document(*status.last_run) : Document()},
          {"open", std::move(open)}};
}

}  // namespace lochan
