// What a person sees while a run goes on: on a terminal a line for each running step, redrawn; else a line for each
// finished one. Everything goes to the run's log file too.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cli/command.h"
#include "cli/run_log.h"
#include "run/observer.h"

namespace lochan {

/// May be shared between threads.
class RunProgress final : public Observer {
 public:
  /// `home` is the lake's `.lochan`. With `silent` nothing but warnings and errors is shown.
  RunProgress(Context& context, std::filesystem::path home, bool silent);
  ~RunProgress() override;

  void run_started(std::int64_t run, int steps) override;
  void step_started(const StepReport& step) override;
  void step_finished(const StepReport& step) override;
  void check_finished(const CheckResult& result) override;
  std::string mask(std::string_view text) const override { return context_.secrets.mask(text); }
  void write(LogLevel level, std::string_view message) noexcept override;

  /// Takes the live lines off the screen: called before the result is printed.
  void finish();

 private:
  struct Running {
    std::string name;
    std::chrono::steady_clock::time_point since;
  };

  void log(LogLevel level, const std::string& line);
  void show(const std::string& line);     // the mutex is held
  void redraw(const std::string& above);  // the mutex is held
  void tick(std::stop_token stop);

  Context& context_;
  std::filesystem::path home_;
  bool silent_;
  bool live_;
  std::mutex mutex_;  // guards all below
  std::unique_ptr<RunLog> log_;
  std::vector<Running> running_;
  int steps_ = 0;
  int finished_ = 0;
  int drawn_lines_ = 0;
  std::condition_variable_any changed_;
  std::jthread ticker_;
};

}  // namespace lochan
