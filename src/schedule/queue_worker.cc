#include "schedule/queue_worker.h"

#include <fmt/format.h>

#include "base/error.h"
#include "run/recovery.h"
#include "schedule/last_words.h"

namespace lochan {
namespace {

constexpr int kMostStarts = 3;
constexpr int kExitInterrupted = 130;
constexpr std::chrono::seconds kRenewEvery{15};
constexpr std::chrono::seconds kRecoverEvery{2};

}  // namespace

QueueWorker::QueueWorker(Lake& lake, Log& log, QueueWorkerOptions options)
    : lake_(lake), log_(log), options_(std::move(options)), queue_(lake.state()) {}

QueueWorker::~QueueWorker() {
  for (auto& [run, child] : children_) child.process->detach();
}

void QueueWorker::step() {
  recover();
  reap();
  while (running() < options_.at_once && take()) {
  }
}

// A run whose host is gone is told of by whoever looks: workers look all the time.
void QueueWorker::recover() {
  const auto now = std::chrono::steady_clock::now();
  if (now - recovered_ < kRecoverEvery) return;
  recovered_ = now;
  for (const std::int64_t run : recover_dead_runs(lake_))
    log_.write(LogLevel::Warn, fmt::format("run {} was found dead", run));
}

void QueueWorker::reap() {
  const auto now = std::chrono::steady_clock::now();
  for (auto child = children_.begin(); child != children_.end();) {
    if (const auto status = child->second.process->poll()) {
      ended(child->second, *status);
      child = children_.erase(child);
      continue;
    }
    if (now - child->second.renewed >= kRenewEvery) {
      queue_.renew(child->second.start, lake_.clock().now());  // nothing, once it has begun
      child->second.renewed = now;
    }
    ++child;
  }
}

// What has begun tells of its end itself.
void QueueWorker::ended(const Child& child, const ExitStatus& status) {
  const std::int64_t run = child.start.run;
  const std::string said = status.succeeded() ? "" : last_words(child.output);
  const std::string how = said.empty() ? to_string(status) : fmt::format("{}: {}", to_string(status), said);
  const bool was_stopped = status.code == kExitInterrupted;
  // Killed before it began: it may be the machine's fault, and another try may help.
  if (status.signal != 0 && child.start.start < kMostStarts) {
    queue_.give_back(child.start);
  } else if (queue_.end(child.start, was_stopped ? RunState::Cancelled : RunState::Failed,
                        fmt::format("it ended before it began: {}", how), lake_.clock().now())) {
    return log_.write(LogLevel::Error, fmt::format("run {} ended before it began: {}", run, how));
  }
  const auto row = Journal(lake_.state()).find(run);
  const bool is_well = row && (row->state == RunState::Succeeded || row->state == RunState::Nothing);
  log_.write(is_well ? LogLevel::Info : LogLevel::Warn,
             fmt::format("run {}: {}{}", run, row ? to_string(row->state) : "it is nowhere",
                         row && !row->message.empty() ? ", " + row->message : ""));
}

bool QueueWorker::take() {
  const auto taken = queue_.take(lake_.place(), lake_.clock().now(), lake_.leases() != nullptr);
  if (!taken) return false;
  if (taken->start > kMostStarts) {
    const std::string message = fmt::format("it was started {} times and never began", kMostStarts);
    queue_.end(*taken, RunState::Failed, message, lake_.clock().now());
    log_.write(LogLevel::Error, fmt::format("run {}: {}", taken->run, message));
    return true;
  }
  start(*taken);
  return true;
}

void QueueWorker::start(const QueuedStart& start) {
  Child child{start, nullptr, lake_.home() / "logs" / fmt::format("queued-{}.log", start.run),
              std::chrono::steady_clock::now()};
  const std::string folder = lake_.project().folder.string();
  SubprocessOptions options;
  options.command = {options_.program.string(), "-C", folder, "run", "--queued", to_string(start)};
  options.folder = folder;
  options.output_file = child.output;
  try {
    child.process = std::make_unique<Subprocess>(options);
  } catch (const Error& error) {
    queue_.end(start, RunState::Failed, error.message(), lake_.clock().now());
    throw;
  }
  log_.write(LogLevel::Info, fmt::format("run {} started as process {}", start.run, child.process->id()));
  children_.emplace(start.run, std::move(child));
}

}  // namespace lochan
