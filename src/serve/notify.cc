#include "serve/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace lochan {
namespace {

std::string taken(const char* name) {
  const char* value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  ::unsetenv(name);
  return text;
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return value;
}

}  // namespace

Notify Notify::from_environment() {
  const std::string socket = taken("NOTIFY_SOCKET");
  const auto microseconds = number(taken("WATCHDOG_USEC"));
  const auto process = number(taken("WATCHDOG_PID"));
  const bool is_ours = !process || *process == ::getpid();
  return Notify(socket, microseconds && is_ours ? std::optional(std::chrono::microseconds(*microseconds))
                                                : std::nullopt);
}

Notify::Notify(std::string socket, std::optional<std::chrono::microseconds> watchdog)
    : socket_(std::move(socket)), watchdog_(watchdog) {}

void Notify::send(std::string_view message) const noexcept {
  sockaddr_un address{};
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  // Without waiting: a manager that doesn't read must not stop the server.
  [[maybe_unused]] const ssize_t sent =
      ::sendto(descriptor, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
               reinterpret_cast<const sockaddr*>(&address), length);  // NOLINT: as sockets want it
  ::close(descriptor);
}

std::optional<std::chrono::microseconds> Notify::pet_every() const {
  if (socket_.empty() || !watchdog_) return std::nullopt;
  return *watchdog_ / 2;
}

}  // namespace lochan
