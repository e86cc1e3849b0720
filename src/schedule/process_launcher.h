// Starts this very program for ticks, as processes that go on when we die. What one prints is kept in
// `.lochan/logs/tick-<schedule>.log` until the schedule's next one.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "schedule/launcher.h"

namespace lochan {

class ProcessLauncher final : public Launcher {
 public:
  /// `program` is called as `program -C <folder> <arguments>`; "" is the one that runs now.
  ProcessLauncher(std::filesystem::path folder, std::filesystem::path home, std::string program = "");
  ~ProcessLauncher() override;

  /// Of those that are started from now on, beside what this process has.
  void use_environment(std::map<std::string, std::string> environment) { environment_ = std::move(environment); }

  std::int64_t start(const TickKey& tick, const std::vector<std::string>& arguments) override;
  std::vector<EndedProcess> take_ended() override;
  bool is_alive(const TickKey& tick, std::int64_t process) override;
  std::optional<std::chrono::seconds> age(const TickKey& tick, std::int64_t process) override;
  void signal(const TickKey& tick, std::int64_t process, int number) override;

  /// Each readable once its process has ended: for poll, until the next call of a method.
  std::vector<int> descriptors() const;

 private:
  struct Child {
    std::unique_ptr<Subprocess> process;
    std::filesystem::path output;
    std::chrono::steady_clock::time_point started;
  };

  const std::filesystem::path folder_;
  const std::filesystem::path home_;
  const std::string program_;
  std::map<std::string, std::string> environment_;
  std::map<std::int64_t, Child> children_;
};

}  // namespace lochan
