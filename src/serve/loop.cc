#include "serve/loop.h"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "run/journal.h"
#include "run/ticks.h"

namespace lochan {
namespace {

using std::chrono::milliseconds;

// The system's clock may jump, and what is due by it with it.
constexpr milliseconds kLongestWait{30'000};
constexpr std::chrono::seconds kLookEvery{10};
// Of a run that goes on, its end by force isn't heard of when another server started it.
constexpr std::chrono::seconds kWhileRunning{1};
// A run writes into the state all the time.
constexpr milliseconds kBetweenSteps{250};

sigset_t asks_for_reload() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

void block_reload_signal() {
  const sigset_t set = asks_for_reload();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Loop::Loop(const LoopParts& parts)
    : parts_(parts),
      served_(parts.current.get()),
      launcher_(served_->project().folder, served_->lake().home(), parts.program.string()),
      supervisor_(served_->lake(), launcher_, parts.log, {.longest_sleep = std::chrono::ceil<std::chrono::seconds>(kLongestWait)}),
      reload_(parts.current, parts.health, parts.secrets, parts.clock, parts.log, parts.program, parts.listening),
      watch_(parts.current.get()->project().folder, parts.current.get()->project().state.file) {
  const sigset_t set = asks_for_reload();
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  woken_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (signals_ < 0 || woken_ < 0) throw Error(ErrorKind::Internal, "can't listen for signals");
}

Loop::~Loop() {
  ::close(signals_);
  ::close(woken_);
}

void Loop::wake() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(woken_, &one, sizeof one);
}

void Loop::run(std::stop_token stop) {
  const std::stop_callback on_stop(stop, [this] { wake(); });
  serve_project();
  reload_.verify_served();
  while (!stop.stop_requested()) {
    const Time now = std::chrono::steady_clock::now();
    reload(now);
    if (now >= step_at_) supervise(now);
    pet_watchdog(now);
    wait();
  }
}

void Loop::wait() {
  std::vector<pollfd> descriptors;
  for (const int descriptor :
       {woken_, signals_, watch_.descriptor(), reload_.output(), reload_.ended_descriptor()})
    if (descriptor >= 0) descriptors.push_back({descriptor, POLLIN, 0});
  const std::size_t first_child = descriptors.size();
  for (const int descriptor : launcher_.descriptors()) descriptors.push_back({descriptor, POLLIN, 0});
  const milliseconds patience = this->patience(std::chrono::steady_clock::now());
  if (::poll(descriptors.data(), descriptors.size(), static_cast<int>(patience.count())) <= 0) return;
  const Time now = std::chrono::steady_clock::now();
  std::uint64_t count = 0;
  const bool is_woken = ::read(woken_, &count, sizeof count) == sizeof count;
  hear_signals();
  const bool has_ended = std::any_of(descriptors.begin() + static_cast<std::ptrdiff_t>(first_child), descriptors.end(),
                                     [](const pollfd& child) { return child.revents != 0; });
  if (is_woken || has_ended) step_at_ = now;
  const Watch::Seen seen = watch_.take();
  if (seen.project) reload_.note_change(now);
  if (seen.state) note_state_change(now);
}

void Loop::note_state_change(Time now) { step_at_ = std::min(step_at_, std::max(now, stepped_ + kBetweenSteps)); }

milliseconds Loop::patience(Time now) const {
  milliseconds longest = kLongestWait;
  for (const std::optional<Time>& at : {reload_.wake_at(), look_at_, pet_at_, std::optional(step_at_)})
    if (at) longest = std::min(longest, std::chrono::ceil<milliseconds>(*at - now));
  return std::max(longest, milliseconds{0});
}

void Loop::hear_signals() {
  signalfd_siginfo info{};
  while (::read(signals_, &info, sizeof info) == sizeof info) {
    const Time now = std::chrono::steady_clock::now();  // on Linux, CLOCK_MONOTONIC
    reload_.ask(now);
    is_reloading_ = true;
    parts_.notify.send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                                   std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count()));
  }
}

void Loop::follow_project() { watch_.follow(parts_.current.get()->read().folders); }

void Loop::reload(Time now) {
  if (!watch_.hears() && (!look_at_ || now >= *look_at_)) {
    if (look_at_) reload_.note_change(now);
    look_at_ = now + kLookEvery;
  }
  if (reload_.step(now)) serve_project();
  if (!is_reloading_ || reload_.is_busy()) return;
  is_reloading_ = false;
  parts_.notify.send("READY=1");
}

// What was served before may go once the supervisor works on the next one.
void Loop::serve_project() {
  const std::shared_ptr<ServedProject> next = parts_.current.get();
  launcher_.use_environment(next->environment());
  if (next != served_) supervisor_.use(next->lake());
  served_ = next;
  follow_project();
  parts_.alerts.wake();
  step_at_ = std::chrono::steady_clock::now();
}

void Loop::supervise(Time now) {
  stepped_ = now;
  parts_.alerts.wake();
  try {
    supervisor_.step();
    // Of rows that other hosts write into nothing tells us.
    const bool is_busy = !watch_.hears() || served_->project().state.is_shared() || !Ticks(served_->lake().state()).open().empty();
    const auto until = std::chrono::ceil<milliseconds>(supervisor_.wake_at() - parts_.clock.now());
    step_at_ = now + std::clamp<milliseconds>(until, milliseconds{1}, is_busy ? kWhileRunning : kLongestWait);
    if (!trouble_.empty()) parts_.health.set("schedules", {});
    trouble_.clear();
  } catch (const Error& error) {
    if (error.what() != trouble_)
      parts_.log.event(LogLevel::Error, "schedules can't be looked after", {{"problem", error.what()}});
    trouble_ = error.what();
    parts_.health.set("schedules", {error});
    step_at_ = now + kWhileRunning;
  }
}

void Loop::stop_runs() {
  Ticks ticks(served_->lake().state());
  const Journal journal(served_->lake().state());
  const auto running = [&] {
    std::vector<std::pair<Tick, std::int64_t>> processes;
    for (Tick& tick : ticks.open()) {
      const auto run = tick.run > 0 ? journal.find(tick.run) : std::nullopt;
      const std::int64_t process = run ? run->process : tick.process;
      if (tick.state == TickState::Running && launcher_.is_alive(tick.key, process))
        processes.emplace_back(std::move(tick), process);
    }
    return processes;
  };
  for (const auto& [tick, process] : running())
    parts_.log.event(LogLevel::Info, "stopping a run", {{"tick", to_string(tick.key)}, {"process", process}});
  Stopping stopping(launcher_, machine_uptime);
  for (auto left = running(); !left.empty(); left = running()) {
    for (const auto& [tick, process] : left)
      stopping.press(served_->lake().state(), tick, process, "the end of `lochan serve`", parts_.clock.now());
    launcher_.take_ended();
    std::vector<pollfd> descriptors;
    for (const int descriptor : launcher_.descriptors()) descriptors.push_back({descriptor, POLLIN, 0});
    ::poll(descriptors.data(), descriptors.size(), static_cast<int>(milliseconds(kWhileRunning).count()));
  }
}

// Not petted when the state doesn't answer: then we are started anew.
void Loop::pet_watchdog(Time now) {
  const auto every = parts_.notify.pet_every();
  if (!every || (pet_at_ && now < *pet_at_)) return;
  pet_at_ = now + *every;
  try {
    parts_.current.get()->lake().catalog().current_publication();
    parts_.notify.send("WATCHDOG=1");
  } catch (const Error& error) {
    parts_.log.event(LogLevel::Error, "the state doesn't answer", {{"problem", error.message()}});
  }
}

}  // namespace lochan
