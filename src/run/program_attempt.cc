#include "run/program_attempt.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>

#include "base/error.h"
#include "base/subprocess.h"
#include "project/scalar.h"
#include "run/program_output.h"

namespace lochan {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kGrace{10};  // from SIGTERM to SIGKILL

SubprocessOptions options_of(const CommandConfig& command, std::map<std::string, std::string> environment) {
  SubprocessOptions options;
  options.command = command.run;
  options.environment = std::move(environment);
  for (const auto& [name, value] : command.environment) options.environment.emplace(name, value);
  options.folder = command.folder;
  options.memory_bytes = parse_size(command.memory_limit).value_or(0);
  options.cpu_time = command.cpu_time;
  options.dies_with_parent = true;
  options.ends_group = true;
  return options;
}

// False once nothing more can come.
bool hear(int descriptor, ProgramOutput& output) {
  std::array<char, 16384> buffer{};
  for (;;) {
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count > 0) {
      output.add({buffer.data(), static_cast<std::size_t>(count)});
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    return count < 0 && errno == EAGAIN;
  }
}

class Program {
 public:
  Program(const SubprocessOptions& options, Worker& worker, ProgramOutput& output)
      : process_(options), worker_(worker), output_(output) {}

  ExitStatus run() {
    bool is_open = true;
    for (;;) {
      std::array<pollfd, 3> waiting = {pollfd{is_open ? process_.output() : -1, POLLIN, 0},
                                       pollfd{process_.ended_descriptor(), POLLIN, 0},
                                       pollfd{kill_at_ ? -1 : worker_.expired_descriptor(), POLLIN, 0}};
      if (::poll(waiting.data(), waiting.size(), wait_milliseconds()) < 0 && errno != EINTR)
        throw Error(ErrorKind::Internal, fmt::format("can't wait for a program: {}", errno));
      if (waiting[0].revents != 0) is_open = hear(process_.output(), output_);
      if (const auto status = process_.poll()) {
        // What it left behind is gone; a process that took leave of its group may still hold the pipe, and isn't waited for.
        if (is_open) hear(process_.output(), output_);
        return *status;
      }
      if (waiting[2].revents != 0 && !kill_at_) {
        process_.signal(SIGTERM);
        kill_at_ = SteadyClock::now() + kGrace;
      }
      if (kill_at_ && SteadyClock::now() >= *kill_at_) process_.signal(SIGKILL);
    }
  }

 private:
  int wait_milliseconds() const {
    if (!kill_at_) return -1;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*kill_at_ - SteadyClock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left + 1, 1, 1000));
  }

  Subprocess process_;
  Worker& worker_;
  ProgramOutput& output_;
  std::optional<SteadyClock::time_point> kill_at_;
};

std::string hint_for(const CommandConfig& command, const ExitStatus& status) {
  if (status.signal == SIGXCPU) return "raise its `cpu_time`";
  if (status.signal == SIGKILL && command.cpu_time) return "it may have used up its `cpu_time`, or the machine's memory";
  if (status.signal == SIGKILL) return "the kernel does so when memory runs out";
  return "all that it said is in the run's log, in .lochan/logs";
}

[[noreturn]] void fail(const CommandConfig& command, const ExitStatus& status, const std::string& last_lines) {
  const auto& codes = command.retry_on_exit;
  const bool may_be_retried = status.signal == 0 && std::ranges::find(codes, status.code) != codes.end();
  throw Error(may_be_retried ? ErrorKind::Unavailable : ErrorKind::Data,
              fmt::format("`{}` {}{}{}", command.run.front(), status.signal != 0 ? "was " : "ended with ", to_string(status),
                          last_lines.empty() ? "" : ", and said last:" + last_lines))
      .hint(hint_for(command, status));
}

}  // namespace

void run_program(const CommandConfig& command, std::map<std::string, std::string> environment, Worker& worker,
                 const ProgramTalk& talk) {
  ProgramOutput output([&](std::string_view line) { talk.say(talk.mask(line)); });
  const SubprocessOptions options = options_of(command, std::move(environment));
  std::optional<Program> program;
  try {
    program.emplace(options, worker, output);
  } catch (Error& error) {
    throw error.at(command.position);
  }
  const ExitStatus status = program->run();
  output.finish();
  // The attempt's end says why: cancelled, or it took too long.
  if (worker.is_expired()) throw Error(ErrorKind::Data, fmt::format("`{}` was stopped", command.run.front()));
  if (!status.succeeded()) fail(command, status, talk.mask(output.last_lines()));
}

}  // namespace lochan
