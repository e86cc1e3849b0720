#include "schedule/stopping.h"

#include <signal.h>

#include <algorithm>

#include "base/error.h"
#include "run/cancelling.h"

namespace lochan {

void Stopping::press(Database& state, const Tick& tick, std::int64_t process, const std::string& by, Instant now) {
  const std::chrono::microseconds uptime = uptime_();
  const auto asked = asked_.find(tick.key);
  Step step = tick.run > 0 ? Step::Cancel : Step::Terminate;
  if (asked != asked_.end()) {
    if (uptime - asked->second.at < kGrace) return;
    step = asked->second.step == Step::Cancel ? Step::Terminate : Step::Kill;
  }
  take(step, state, tick, process, by, now);
  asked_[tick.key] = {step, uptime};
}

void Stopping::take(Step step, Database& state, const Tick& tick, std::int64_t process, const std::string& by,
                    Instant now) {
  switch (step) {
    case Step::Cancel:
      cancel_run(state, tick.run, by, now);
      return;
    case Step::Terminate:
      return launcher_.signal(tick.key, process, SIGTERM);
    case Step::Kill:
      return launcher_.signal(tick.key, process, SIGKILL);
  }
}

void Stopping::keep_only(const std::vector<Tick>& open) {
  std::erase_if(asked_, [&](const auto& asked) { return std::ranges::find(open, asked.first, &Tick::key) == open.end(); });
}

}  // namespace lochan
