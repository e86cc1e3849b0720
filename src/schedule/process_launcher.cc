#include "schedule/process_launcher.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "schedule/clock_jumps.h"
#include "schedule/last_words.h"

namespace lochan {
namespace {

// When it began, by the machine's uptime: the 22nd field of /proc/N/stat, of which the second, a name, may hold anything.
std::optional<std::chrono::microseconds> began(std::int64_t process) {
  constexpr std::size_t kBeganAfterName = 19;
  const std::string stat = read_file(fmt::format("/proc/{}/stat", process));
  const auto name_end = stat.rfind(") ");
  if (name_end == std::string::npos) return std::nullopt;
  const std::vector<std::string> fields = text::split(stat.substr(name_end + 2), ' ');
  std::int64_t clock_ticks = 0;
  if (fields.size() <= kBeganAfterName) return std::nullopt;
  const std::string& field = fields[kBeganAfterName];
  if (std::from_chars(field.data(), field.data() + field.size(), clock_ticks).ec != std::errc{}) return std::nullopt;
  return std::chrono::microseconds{clock_ticks * (1'000'000 / ::sysconf(_SC_CLK_TCK))};
}

}  // namespace

ProcessLauncher::ProcessLauncher(std::filesystem::path folder, std::filesystem::path home, std::string program)
    : folder_(std::move(folder)),
      home_(std::move(home)),
      program_(program.empty() ? std::filesystem::read_symlink("/proc/self/exe").string() : std::move(program)) {}

// They go on: whoever supervises next finds them by their ticks.
ProcessLauncher::~ProcessLauncher() {
  for (auto& [id, child] : children_) child.process->detach();
}

std::int64_t ProcessLauncher::start(const TickKey& tick, const std::vector<std::string>& arguments) {
  Child child;
  child.output = home_ / "logs" / fmt::format("tick-{}.log", tick.schedule);
  SubprocessOptions options;
  options.command = {program_, "-C", folder_.string()};
  options.command.insert(options.command.end(), arguments.begin(), arguments.end());
  options.folder = folder_;
  options.environment = environment_;
  options.output_file = child.output;
  child.process = std::make_unique<Subprocess>(options);
  child.started = std::chrono::steady_clock::now();
  const std::int64_t id = child.process->id();
  children_.emplace(id, std::move(child));
  return id;
}

std::vector<EndedProcess> ProcessLauncher::take_ended() {
  std::vector<EndedProcess> ended;
  for (auto child = children_.begin(); child != children_.end();) {
    const auto status = child->second.process->poll();
    if (!status) {
      ++child;
      continue;
    }
    ended.push_back({child->first, *status, status->succeeded() ? "" : last_words(child->second.output)});
    child = children_.erase(child);
  }
  return ended;
}

// A number alone may be another process' by now; the tick's name is among the arguments of ours.
bool ProcessLauncher::is_alive(const TickKey& tick, std::int64_t process) {
  if (process <= 0) return false;
  try {
    return read_file(fmt::format("/proc/{}/cmdline", process)).find(to_string(tick)) != std::string::npos;
  } catch (const Error&) {
    return false;
  }
}

// Of one that isn't our child the kernel tells.
std::optional<std::chrono::seconds> ProcessLauncher::age(const TickKey& tick, std::int64_t process) {
  using std::chrono::floor, std::chrono::seconds;
  if (const auto child = children_.find(process); child != children_.end())
    return floor<seconds>(std::chrono::steady_clock::now() - child->second.started);
  if (!is_alive(tick, process)) return std::nullopt;
  try {
    if (const auto at = began(process)) return floor<seconds>(machine_uptime() - *at);
  } catch (const Error&) {
    // It has ended just now.
  }
  return std::nullopt;
}

void ProcessLauncher::signal(const TickKey& tick, std::int64_t process, int number) {
  const auto child = children_.find(process);
  if (child != children_.end())
    child->second.process->signal(number);
  else if (is_alive(tick, process))
    ::killpg(static_cast<pid_t>(process), number);
}

std::vector<int> ProcessLauncher::descriptors() const {
  std::vector<int> descriptors;
  for (const auto& [id, child] : children_) descriptors.push_back(child.process->ended_descriptor());
  return descriptors;
}

}  // namespace lochan
