// Ctrl-C and SIGTERM, heard by a thread of its own: the first asks to stop, the second ends the process at once.
#pragma once

#include <stop_token>
#include <thread>

namespace lochan {

/// Exit code of a command that was interrupted.
inline constexpr int kExitInterrupted = 130;

/// Make it before any other thread is started: those inherit that the signals are blocked.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  std::stop_token token() const { return source_.get_token(); }
  bool is_requested() const { return source_.stop_requested(); }

 private:
  void listen();

  std::stop_source source_;
  int signals_ = -1;  // signalfd
  int finish_ = -1;   // eventfd: written when this object ends
  std::jthread thread_;
};

}  // namespace lochan
