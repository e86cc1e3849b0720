#include "cli/interrupt.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>

#include "base/error.h"

namespace lochan {
namespace {

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

Interrupt::Interrupt() {
  const sigset_t set = watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC);
  finish_ = ::eventfd(0, EFD_CLOEXEC);
  if (signals_ < 0 || finish_ < 0) throw Error(ErrorKind::Internal, "can't listen for signals");
  thread_ = std::jthread([this] { listen(); });
}

Interrupt::~Interrupt() {
  const std::uint64_t one = 1;
  if (::write(finish_, &one, sizeof one) == sizeof one) thread_.join();
  ::close(signals_);
  ::close(finish_);
  const sigset_t set = watched();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void Interrupt::listen() {
  std::array<pollfd, 2> waiting = {pollfd{signals_, POLLIN, 0}, pollfd{finish_, POLLIN, 0}};
  for (;;) {
    if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;
    if (waiting[1].revents != 0) return;
    signalfd_siginfo info{};
    if (::read(signals_, &info, sizeof info) != sizeof info) continue;
    if (!source_.request_stop()) ::_exit(kExitInterrupted);
  }
}

}  // namespace lochan
