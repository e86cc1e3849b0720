#include "cli/run_progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/text_table.h"

namespace lochan {
namespace {

constexpr std::chrono::milliseconds kRedrawEvery{200};

Color color(StepState state) {
  switch (state) {
    case StepState::Built:
      return Color::Green;
    case StepState::Failed:
      return Color::Red;
    case StepState::HeldBack:
    case StepState::Skipped:
    case StepState::Cancelled:
      return Color::Yellow;
    case StepState::Waiting:
    case StepState::Running:
    case StepState::Unchanged:
      return Color::Dim;
  }
  return Color::Plain;
}

/// "1,234 rows, 5 removed" or why it didn't end well.
std::string result(const StepReport& step) {
  if (!step.error.empty()) return step.error.substr(0, step.error.find('\n'));
  std::string text = fmt::format("{} {}", step.rows_written, step.rows_written == 1 ? "row" : "rows");
  if (step.rows_removed > 0) text += fmt::format(", {} removed", step.rows_removed);
  if (!step.intervals.empty()) text += fmt::format(" for {}", step.intervals);
  if (step.rows_rejected > 0) text += fmt::format(", {} rejected", step.rows_rejected);
  if (step.attempts > 1) text += fmt::format(", {} attempts", step.attempts);
  if (step.kind == "schema") text.clear();
  if (step.kind == "command") text = step.attempts > 1 ? fmt::format("{} attempts", step.attempts) : "";
  return step.state == StepState::Built && step.kind != "view" ? text : "";
}

std::string log_line(const StepReport& step) {
  std::string line = fmt::format(
      "step {} ({}) {}:{} rows_written={} rows_removed={} rows_rejected={} attempts={} seconds={:.3f}",
      step.name, step.kind, to_string(step.state), step.rows_read ? fmt::format(" rows_read={}", *step.rows_read) : "", step.rows_written, step.rows_removed,
      step.rows_rejected, step.attempts, step.seconds);
  if (!step.intervals.empty()) line += fmt::format(" intervals: {}", step.intervals);
  if (!step.reason.empty()) line += fmt::format(" reason: {}", step.reason);
  if (!step.error.empty()) line += fmt::format(" error: {}", step.error);
  return line;
}

}  // namespace

RunProgress::RunProgress(Context& context, std::filesystem::path home, bool silent)
    : context_(context),
      home_(std::move(home)),
      silent_(silent || context.terminal.options().quiet),
      live_(!silent_ && context.terminal.is_live()) {
  if (live_) ticker_ = std::jthread([this](std::stop_token stop) { tick(stop); });
}

RunProgress::~RunProgress() { finish(); }

void RunProgress::finish() {
  if (ticker_.joinable()) {
    ticker_.request_stop();
    ticker_.join();
  }
  const std::lock_guard lock(mutex_);
  running_.clear();
  if (live_) redraw("");
  live_ = false;
}

void RunProgress::run_started(std::int64_t run, int steps) {
  const std::lock_guard lock(mutex_);
  log_ = std::make_unique<RunLog>(run_log_file(home_, run), context_.clock, context_.secrets);
  steps_ = steps;
  finished_ = 0;  // one command may be several runs
  log(LogLevel::Info, fmt::format("run {} started: {}", run, text::plural(steps, "step")));
  show(fmt::format("run {}: {}", run, text::plural(steps, "step")));
}

void RunProgress::step_started(const StepReport& step) {
  const std::lock_guard lock(mutex_);
  running_.push_back({step.name, std::chrono::steady_clock::now()});
  log(LogLevel::Info, fmt::format("step {} ({}) started: {}", step.name, step.kind, step.reason));
  if (live_) redraw("");
}

void RunProgress::step_finished(const StepReport& step) {
  const std::lock_guard lock(mutex_);
  std::erase_if(running_, [&](const Running& running) { return running.name == step.name; });
  ++finished_;
  log(step.state == StepState::Failed ? LogLevel::Error : LogLevel::Info, log_line(step));
  const std::string state = padded(to_string(step.state), 10);
  show(fmt::format("  {} {} {} {}", context_.terminal.paint_note(color(step.state), state), padded(step.name, 32),
                   padded(text::human_seconds(step.seconds), 8, true), result(step)));
}

void RunProgress::check_finished(const CheckResult& result) {
  const std::lock_guard lock(mutex_);
  const bool is_error = result.severity == Severity::Error;
  const std::string found = result.passed()        ? "passed"
                            : result.error.empty() ? fmt::format("failed on {}", text::plural(result.failing, "row"))
                                                   : "could not be run: " + result.error;
  const std::string line = fmt::format("check {} of {} {}", result.name, to_string(result.table), found);
  log(result.passed() ? LogLevel::Info : is_error ? LogLevel::Error : LogLevel::Warn, line);
  if (!result.passed()) show("  " + context_.terminal.paint_note(is_error ? Color::Red : Color::Yellow, line));
}

void RunProgress::write(LogLevel level, std::string_view message) noexcept {
  const std::lock_guard lock(mutex_);
  log(level, std::string(message));
  const bool is_loud = level == LogLevel::Warn || level == LogLevel::Error;
  if (is_loud || (context_.terminal.options().verbose && !silent_))
    redraw(fmt::format("  {}: {}", to_string(level), message));
}

void RunProgress::log(LogLevel level, const std::string& line) {
  if (log_) log_->write(level, line);
}

void RunProgress::show(const std::string& line) {
  if (!silent_) redraw(line);
}

void RunProgress::redraw(const std::string& above) {
  std::string text;
  if (drawn_lines_ > 0) text += fmt::format("\x1b[{}A\r\x1b[J", drawn_lines_);
  drawn_lines_ = 0;
  while (!above.empty() && text.ends_with('\n')) text.pop_back();
  if (!above.empty()) text += above + "\n";
  if (live_) {
    const auto now = std::chrono::steady_clock::now();
    for (const Running& running : running_) {
      const double seconds = std::chrono::duration<double>(now - running.since).count();
      const std::string line = fmt::format("  running {} {}  ({} of {} done)", running.name,
                                           text::human_seconds(seconds), finished_, steps_);
      text += truncated(line, static_cast<std::size_t>(std::max(20, context_.terminal.width() - 1))) + "\n";
      ++drawn_lines_;
    }
  }
  if (!text.empty()) context_.terminal.note_raw(text);
}

void RunProgress::tick(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    changed_.wait_for(lock, stop, kRedrawEvery, [] { return false; });
    if (!running_.empty() && !stop.stop_requested()) redraw("");
  }
}

}  // namespace lochan
