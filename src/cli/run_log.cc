#include "cli/run_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <system_error>

#include "cli/text_table.h"

namespace lochan {

std::filesystem::path run_logs(const std::filesystem::path& home) { return home / "logs"; }

std::filesystem::path run_log_file(const std::filesystem::path& home, std::int64_t run) {
  return run_logs(home) / fmt::format("run-{}.log", run);
}

RunLog::RunLog(const std::filesystem::path& file, const Clock& clock, const Secrets& secrets)
    : clock_(clock), secrets_(secrets) {
  std::error_code ignored;
  std::filesystem::create_directories(file.parent_path(), ignored);
  descriptor_ = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

RunLog::~RunLog() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void RunLog::write(LogLevel level, std::string_view message) noexcept {
  if (descriptor_ < 0) return;
  const std::string line =
      fmt::format("{} {:<5} {}\n", to_iso8601(clock_.now()), to_string(level), printable(secrets_.mask(message)));
  [[maybe_unused]] const ssize_t written = ::write(descriptor_, line.data(), line.size());
}

}  // namespace lochan
