// Takes queued runs, starts a process for each, and sees them begin. One that begins is a run as any other: it outlives
// its worker, and what happens to it is in its row.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/subprocess.h"
#include "run/lake.h"
#include "run/run_queue.h"

namespace lochan {

struct QueueWorkerOptions {
  int at_once = 1;                  // runs that go on at the same time
  std::filesystem::path program{};  // what is started, as `program -C <folder> run --queued 42:1`
};

/// Used by one thread at a time.
class QueueWorker {
 public:
  /// All must outlive it.
  QueueWorker(Lake& lake, Log& log, QueueWorkerOptions options);
  /// Processes that were started go on.
  ~QueueWorker();

  /// Sees what has ended, and takes what waits. Throws when the state can't be read or written; call it again then.
  void step();
  int running() const { return static_cast<int>(children_.size()); }
  bool is_idle() const { return children_.empty() && queue_.is_empty(); }

 private:
  struct Child {
    QueuedStart start;
    std::unique_ptr<Subprocess> process;
    std::filesystem::path output;
    std::chrono::steady_clock::time_point renewed;
  };

  void reap();
  void ended(const Child& child, const ExitStatus& status);
  void recover();
  bool take();
  void start(const QueuedStart& start);

  Lake& lake_;
  Log& log_;
  const QueueWorkerOptions options_;
  RunQueue queue_;
  std::map<std::int64_t, Child> children_;  // by run
  std::chrono::steady_clock::time_point recovered_{};
};

}  // namespace lochan
