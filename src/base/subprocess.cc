#include "base/subprocess.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/error.h"

extern char** environ;

namespace lochan {
namespace {

constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin";

Error cannot_start(const SubprocessOptions& options, int reason) {
  return Error(ErrorKind::Usage, fmt::format("`{}` can't be started: {}", options.command.at(0), strerror(reason)));
}

bool may_be_executed(const std::string& path) {
  std::error_code error;
  return access(path.c_str(), X_OK) == 0 && std::filesystem::is_regular_file(path, error);
}

std::map<std::string, std::string> environment_of(const SubprocessOptions& options) {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) all.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  for (const auto& [name, value] : options.environment) {
    if (value.empty())
      all.erase(name);
    else
      all[name] = value;
  }
  return all;
}

// Of the program: nothing of a shell's is done with it.
std::string find_program(const SubprocessOptions& options, const std::map<std::string, std::string>& environment) {
  const std::string& name = options.command.at(0);
  if (name.find('/') != std::string::npos) {
    const std::filesystem::path base = options.folder.empty() ? std::filesystem::current_path() : options.folder;
    const std::string path = (base / name).string();
    if (may_be_executed(path)) return path;
    throw cannot_start(options, errno != 0 ? errno : EACCES);
  }
  const auto found = environment.find("PATH");
  std::string_view rest = found == environment.end() ? kDefaultPath : std::string_view(found->second);
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    const std::string path = fmt::format("{}/{}", rest.substr(0, colon), name);
    if (may_be_executed(path)) return path;
    rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
  }
  throw cannot_start(options, ENOENT).hint("it is looked for in PATH");
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

void limit(int what, std::uint64_t value) {
  const rlimit limits{value, value};
  setrlimit(static_cast<__rlimit_resource>(what), &limits);
}

// What the child does between vfork and exec: system calls, and nothing that may wait for a lock of another thread.
struct Launch {
  const char* program;
  char* const* arguments;
  char* const* environment;
  const char* folder;  // null: stays
  std::uint64_t memory_bytes;
  std::uint64_t cpu_seconds;
  int output;  // -1: inherited
  int failure;  // a pipe
  pid_t parent;
  bool dies_with_parent;

  [[noreturn]] void run() const {
    setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) ::signal(number, SIG_DFL);
    if (dies_with_parent) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(127);  // it is gone already
    }
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0) dup2(nothing, STDIN_FILENO);
    if (output >= 0) {
      dup2(output, STDOUT_FILENO);
      dup2(output, STDERR_FILENO);
    }
    // Not all libraries open theirs so that they end with us: a server's socket would be listened on by its runs.
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    if (memory_bytes != 0) limit(RLIMIT_AS, memory_bytes);
    if (cpu_seconds != 0) limit(RLIMIT_CPU, cpu_seconds);
    if (folder == nullptr || chdir(folder) == 0) execve(program, arguments, environment);
    const int reason = errno;
    [[maybe_unused]] const ssize_t written = write(failure, &reason, sizeof reason);
    _exit(127);
  }
};

// -1: there is none.
int open_output(const SubprocessOptions& options) {
  if (options.output_file.empty()) return -1;
  std::error_code ignored;
  std::filesystem::create_directories(options.output_file.parent_path(), ignored);
  const int file = open(options.output_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0)
    throw Error(ErrorKind::Unavailable,
                fmt::format("can't write `{}`: {}", options.output_file.string(), strerror(errno)));
  return file;
}

// The child borrows this process' memory until it executes the program, and its thread waits for that: the price is the same
// however large this process is.
pid_t start(const Launch& launch) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // no handler of ours may run in the child
  const pid_t id = vfork();
  if (id == 0) launch.run();
  const int reason = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (id < 0) throw Error(ErrorKind::Unavailable, fmt::format("no process could be started: {}", strerror(reason)));
  return id;
}

struct Pipe {
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
      throw Error(ErrorKind::Unavailable, fmt::format("no pipe could be made: {}", strerror(errno)));
  }
  ~Pipe() {
    for (const int end : ends)
      if (end >= 0) close(end);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int release(std::size_t end) { return std::exchange(ends[end], -1); }
  void close_end(std::size_t end) {
    if (ends[end] >= 0) close(release(end));
  }
  std::array<int, 2> ends{-1, -1};
};

}  // namespace

std::string to_string(const ExitStatus& status) {
  if (status.signal != 0) return fmt::format("killed by signal {} ({})", status.signal, strsignal(status.signal));
  return fmt::format("exit code {}", status.code);
}

Subprocess::Subprocess(const SubprocessOptions& options) {
  const std::map<std::string, std::string> variables = environment_of(options);
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables) environment.push_back(fmt::format("{}={}", name, value));
  std::vector<std::string> arguments = options.command;
  const std::string program = find_program(options, variables);
  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> environment_pointers = pointers(environment);
  Pipe failure;
  std::optional<Pipe> output;
  const int file = open_output(options);
  if (!options.inherits_output && file < 0) output.emplace();

  const Launch launch{.program = program.c_str(),
                      .arguments = argument_pointers.data(),
                      .environment = environment_pointers.data(),
                      .folder = options.folder.empty() ? nullptr : options.folder.c_str(),
                      .memory_bytes = options.memory_bytes,
                      .cpu_seconds = options.cpu_time ? static_cast<std::uint64_t>(options.cpu_time->count()) : 0,
                      .output = output ? output->ends[1] : file,
                      .failure = failure.ends[1],
                      .parent = getpid(),
                      .dies_with_parent = options.dies_with_parent};
  id_ = start(launch);
  if (file >= 0) close(file);
  failure.close_end(1);
  int reason = 0;
  ssize_t count = 0;
  do {
    count = read(failure.ends[0], &reason, sizeof reason);
  } while (count < 0 && errno == EINTR);
  if (count == sizeof reason) {
    waitpid(id_, nullptr, 0);
    throw cannot_start(options, reason);
  }
  ends_group_ = options.ends_group;
  ended_ = static_cast<int>(syscall(SYS_pidfd_open, id_, 0));
  if (output) {
    output_ = output->release(0);
    fcntl(output_, F_SETFL, O_NONBLOCK);
  }
}

Subprocess::~Subprocess() {
  if (!status_ && !is_detached_) {
    signal(SIGKILL);
    wait();
  }
  if (output_ >= 0) close(output_);
  if (ended_ >= 0) close(ended_);
}

std::optional<ExitStatus> Subprocess::poll() {
  if (status_) return status_;
  if (ends_group_) {
    siginfo_t info{};
    if (waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return std::nullopt;
    signal(SIGKILL);  // before its number is free for another group
  }
  int state = 0;
  if (waitpid(id_, &state, WNOHANG) != id_) return std::nullopt;
  status_ = WIFSIGNALED(state) ? ExitStatus{128 + WTERMSIG(state), WTERMSIG(state)} : ExitStatus{WEXITSTATUS(state), 0};
  return status_;
}

ExitStatus Subprocess::wait() {
  while (!poll()) {
    pollfd waiting{ended_, POLLIN, 0};
    ::poll(&waiting, 1, ended_ >= 0 ? -1 : 10);
  }
  return *status_;
}

void Subprocess::signal(int number) noexcept { killpg(id_, number); }

}  // namespace lochan
