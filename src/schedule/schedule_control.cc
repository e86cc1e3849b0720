#include "schedule/schedule_control.h"

#include <fmt/format.h>

#include <map>

#include "base/error.h"
#include "base/text.h"
#include "schedule/scheduler.h"

namespace lochan {

const ScheduleConfig& ScheduleControl::find(const std::string& name) const {
  std::vector<std::string> names;
  for (const ScheduleConfig& config : lake_.project().schedules) {
    if (config.name == name) return config;
    names.push_back(config.name);
  }
  throw Error(ErrorKind::Usage, fmt::format("no schedule `{}` in lochan.yaml", name))
      .hint(text::did_you_mean(name, names, names.empty() ? "add it there, below `schedules:`" : "see: lochan schedule list"));
}

// A scheduler makes the rows of those that nobody has served yet.
void ScheduleControl::require_row(const ScheduleConfig& config) {
  if (ScheduleRows(lake_.state()).find(config.name)) return;
  ClockJumps jumps(machine_uptime);
  Scheduler{lake_, jumps};  // writes it
}

std::vector<ScheduleStatus> ScheduleControl::list() const {
  const Ticks ticks(lake_.state());
  const ScheduleRows rows(lake_.state());
  std::map<std::string, std::vector<Tick>> open;
  for (Tick& tick : ticks.open()) open[tick.key.schedule].push_back(std::move(tick));
  std::vector<ScheduleStatus> list;
  for (const ScheduleConfig& config : lake_.project().schedules) {
    ScheduleStatus status;
    status.config = &config;
    status.is_paused = config.paused;
    if (const auto row = rows.find(config.name)) status.is_paused = row->is_paused.value_or(config.paused);
    if (const auto calendar = Calendar::of(config)) {
      status.next = calendar->next(lake_.clock().now());
      if (status.next) status.next_text = TimeZone::find(*config.timezone)->show(*status.next);
    }
    const std::vector<Tick> newest = ticks.newest(config.name, 1);
    if (!newest.empty()) status.last = newest[0];
    status.last_run = ticks.last_run(config.name);
    status.open = open[config.name];
    list.push_back(std::move(status));
  }
  return list;
}

void ScheduleControl::pause(const std::string& name, bool is_paused) {
  require_row(find(name));
  ScheduleRows(lake_.state()).pause(name, is_paused);
}

void ScheduleControl::release(const std::string& name) {
  require_row(find(name));
  lake_.state().write([&] { ScheduleRows(lake_.state()).release(name); });
}

Tick ScheduleControl::trigger(const std::string& name) {
  Ticks ticks(lake_.state());
  Tick tick;
  tick.by_hand = true;
  tick.key = {find(name).name, std::chrono::floor<std::chrono::milliseconds>(lake_.clock().now())};
  while (!ticks.insert(tick)) tick.key.due_at += std::chrono::milliseconds{1};
  return *ticks.find(tick.key);
}

}  // namespace lochan
