// What systemd is told of a service of `Type=notify`: a datagram to the socket that $NOTIFY_SOCKET names.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace lochan {

class Notify {
 public:
  /// Reads $NOTIFY_SOCKET and $WATCHDOG_USEC, and takes them away, so that no program we start speaks for us. Call it
  /// before other threads start.
  static Notify from_environment();
  /// `socket` as $NOTIFY_SOCKET has it: a path, or `@` and an abstract name; "": nobody listens.
  explicit Notify(std::string socket, std::optional<std::chrono::microseconds> watchdog = {});

  /// `READY=1`, `STATUS=…`: lines. A message that can't be sent is lost.
  void send(std::string_view message) const noexcept;
  /// How often the watchdog wants to be petted at least: half of the time it waits.
  std::optional<std::chrono::microseconds> pet_every() const;

 private:
  std::string socket_;
  std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace lochan
