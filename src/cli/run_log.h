// The log of one run: `.lochan/logs/run-42.log`, one event a line, with time and level, secrets masked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"

namespace lochan {

/// The folder of a project's run logs, and the file of one run in it.
std::filesystem::path run_logs(const std::filesystem::path& home);
std::filesystem::path run_log_file(const std::filesystem::path& home, std::int64_t run);

/// May be shared between threads: each line is one write. A line that can't be written is lost, never the run.
class RunLog final : public Log {
 public:
  RunLog(const std::filesystem::path& file, const Clock& clock, const Secrets& secrets);
  ~RunLog() override;
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;

  void write(LogLevel level, std::string_view message) noexcept override;

 private:
  const Clock& clock_;
  const Secrets& secrets_;
  int descriptor_ = -1;
};

}  // namespace lochan
