#include "serve/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/hash.h"

namespace lochan {
namespace {

/// What systemd would hear.
class Manager {
 public:
  explicit Manager(const std::string& name) : name_(name), descriptor_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), size), 0);
  }
  ~Manager() {
    ::close(descriptor_);
    if (name_[0] != '@') ::unlink(name_.c_str());
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  std::string heard() {
    std::array<char, 512> buffer;
    const ssize_t size = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
    return size < 0 ? "nothing" : std::string(buffer.data(), static_cast<std::size_t>(size));
  }

 private:
  const std::string name_;
  const int descriptor_;
};

TEST(Notify, TellsASocketByPathOrByAbstractName) {
  for (const std::string& name : {"/tmp/lochan-" + random_uuid(), "@lochan-" + random_uuid()}) {
    Manager manager(name);
    Notify(name).send("READY=1\nSTATUS=serving");
    EXPECT_EQ(manager.heard(), "READY=1\nSTATUS=serving") << name;
  }
}

TEST(Notify, ReadsTheEnvironmentOnceAndTakesItAway) {
  const std::string name = "@lochan-" + random_uuid();
  Manager manager(name);
  ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  ::setenv("WATCHDOG_USEC", "3000000", 1);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  const Notify notify = Notify::from_environment();
  for (const char* variable : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
    EXPECT_EQ(std::getenv(variable), nullptr) << variable;
  EXPECT_EQ(notify.pet_every(), std::chrono::microseconds(1'500'000));
  notify.send("WATCHDOG=1");
  EXPECT_EQ(manager.heard(), "WATCHDOG=1");
}

TEST(Notify, AWatchdogOfAnotherProcessIsNotOurs) {
  ::setenv("NOTIFY_SOCKET", "@nobody", 1);
  ::setenv("WATCHDOG_USEC", "3000000", 1);
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(Notify::from_environment().pet_every(), std::nullopt);
}

TEST(Notify, NobodyListeningIsNoError) {
  Notify("").send("READY=1");
  Notify("@lochan-nobody-" + random_uuid()).send("READY=1");
  Notify(std::string(300, 'x')).send("READY=1");
}

}  // namespace
}  // namespace lochan
