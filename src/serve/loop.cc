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

namespace lochan {
namespace {

using std::chrono::milliseconds;

// The system's clock may jump, and what is due by it with it.
constexpr milliseconds kLongestWait{30'000};
constexpr std::chrono::seconds kLookEvery{10};

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
      reload_(parts.current, parts.health, parts.secrets, parts.clock, parts.log, parts.program),
      watch_(parts.current.get()->project().folder, parts.current.get()->project().state) {
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
  follow_project();
  reload_.verify_served();
  while (!stop.stop_requested()) {
    const Time now = std::chrono::steady_clock::now();
    reload(now);
    pet_watchdog(now);
    wait();
  }
}

void Loop::wait() {
  std::vector<pollfd> descriptors;
  for (const int descriptor :
       {woken_, signals_, watch_.descriptor(), reload_.output(), reload_.ended_descriptor()})
    if (descriptor >= 0) descriptors.push_back({descriptor, POLLIN, 0});
  const milliseconds patience = this->patience(std::chrono::steady_clock::now());
  if (::poll(descriptors.data(), descriptors.size(), static_cast<int>(patience.count())) <= 0) return;
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t read = ::read(woken_, &count, sizeof count);
  hear_signals();
  const Watch::Seen seen = watch_.take();
  if (seen.project) reload_.note_change(std::chrono::steady_clock::now());
}

milliseconds Loop::patience(Time now) const {
  milliseconds longest = kLongestWait;
  for (const std::optional<Time>& at : {reload_.wake_at(), look_at_, pet_at_})
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
  if (reload_.step(now)) follow_project();
  if (!is_reloading_ || reload_.is_busy()) return;
  is_reloading_ = false;
  parts_.notify.send("READY=1");
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
