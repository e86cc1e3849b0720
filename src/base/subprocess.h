// A program started as a process of its own: in a process group of its own, so that a signal to us doesn't reach it, and
// one to it reaches all that it starts.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lochan {

struct SubprocessOptions {
  std::vector<std::string> command;  // the program, looked for in PATH when it has no slash, and its arguments
  std::map<std::string, std::string> environment{};  // beside what this process has; an empty value takes one away
  std::filesystem::path folder{};                    // "": this process' own
  std::uint64_t memory_bytes = 0;                    // of its address space; 0: no limit
  std::optional<std::chrono::seconds> cpu_time{};
  bool dies_with_parent = false;   // is killed when the thread that started it ends, however that comes
  std::filesystem::path output_file{};  // writes there, from its beginning on, instead of into `output()`
  bool ends_group = false;         // what it started and left in its group is killed when it has ended
  bool inherits_output = false;    // writes where this process writes, instead of into `output()`
};

/// How a process ended.
struct ExitStatus {
  int code = 0;    // of exit; of one that a signal ended: 128 + signal
  int signal = 0;  // 0: it ended by itself
  bool succeeded() const { return code == 0; }
};
/// "exit code 3", "killed by signal 9 (Killed)".
std::string to_string(const ExitStatus& status);

/// Used by one thread at a time, but for `signal`. Its destructor kills the group of a process that still runs, and
/// waits for it.
class Subprocess {
 public:
  /// Throws Error{Usage} with the reason when the program or the folder isn't there or may not be executed.
  explicit Subprocess(const SubprocessOptions& options);
  ~Subprocess();
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  pid_t id() const { return id_; }
  /// Readable once the process has ended (a pidfd): for poll.
  int ended_descriptor() const { return ended_; }
  /// Reading end of its standard output and error, together, not blocking; -1 with `inherits_output` and `output_file`.
  int output() const { return output_; }
  /// Nothing while it runs.
  std::optional<ExitStatus> poll();
  ExitStatus wait();
  /// To the whole group. May be called from any thread while the object lives.
  void signal(int number) noexcept;
  /// It goes on without us: the destructor leaves it alone.
  void detach() { is_detached_ = true; }

 private:
  pid_t id_ = -1;
  int ended_ = -1;
  int output_ = -1;
  bool is_detached_ = false;
  bool ends_group_ = false;
  std::optional<ExitStatus> status_;
};

}  // namespace lochan
