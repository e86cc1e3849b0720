#include "run/leftovers.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

namespace lochan {
namespace {

constexpr int kMostPasses = 10;  // one may start another while we look

bool has_marks(const std::string& environment, const std::map<std::string, std::string>& marks) {
  return std::ranges::all_of(marks, [&](const auto& mark) {
    const std::string entry = mark.first + "=" + mark.second + std::string(1, '\0');
    return environment.starts_with(entry) || environment.find(std::string(1, '\0') + entry) != std::string::npos;
  });
}

std::vector<pid_t> find_marked(const std::map<std::string, std::string>& marks) {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (const auto& folder : std::filesystem::directory_iterator("/proc", ignored)) {
    const pid_t id = static_cast<pid_t>(std::atoi(folder.path().filename().c_str()));
    if (id <= 1 || id == getpid()) continue;
    std::ifstream file(folder.path() / "environ", std::ios::binary);  // of others it can't be read
    const std::string environment{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!environment.empty() && has_marks(environment, marks)) found.push_back(id);
  }
  return found;
}

}  // namespace

std::map<std::string, std::string> program_marks(const std::filesystem::path& home, std::int64_t run) {
  return {{"LOCHAN_RUN", std::to_string(run)}, {"LOCHAN_HOME", home.string()}};
}

int kill_leftovers(const std::filesystem::path& home, std::int64_t run) {
  const auto marks = program_marks(home, run);
  int killed = 0;
  for (int pass = 0; pass < kMostPasses; ++pass) {
    const std::vector<pid_t> found = find_marked(marks);
    if (found.empty()) break;
    for (const pid_t id : found)
      if (kill(id, SIGKILL) == 0) ++killed;
  }
  return killed;
}

}  // namespace lochan
