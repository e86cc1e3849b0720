// A worker's hold on the engine: a session bound to the run's branch, with a write token of its own. After a failed
// attempt both are thrown away, so a late commit of that attempt is refused.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "engine/engine.h"
#include "engine/shadow.h"

namespace lochan {

/// What all workers of a run share.
struct RunBinding {
  Catalog& catalog;
  Engine& engine;
  std::function<std::string()> uri;  // of the catalog: it listens from the first call on
  std::string branch;
  std::vector<TableName> tables;  // that the run claimed: what it may write
  std::string macros;             // statements for each new session
  int threads = 0;                // of the engine; 0: as many as cores
  Shadow* shadow = nullptr;       // that is no longer used otherwise: one worker is spared to make its own
};

/// 0 is as many as cores.
int thread_count(int wanted);

/// `session`, `shadow` and `drop_session` belong to one thread; `expire` and `is_overdue` may be called from any.
class Worker {
 public:
  /// `shadow`, if there is one, must outlive the worker, and nobody else uses it meanwhile.
  explicit Worker(const RunBinding& binding, Shadow* shadow = nullptr);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  Session& session();
  /// Whether the session tries a request that failed once more only.
  void be_brief(bool is_brief);
  /// For parsing only.
  Shadow& shadow();
  /// Revokes the token first: from then on nothing that the session may still send is written.
  void drop_session();

  /// Sets how many threads the engine has in all.
  void use_threads(int threads);
  /// What `need_threads` does; before the worker is given work.
  void when_threads_are_needed(std::function<void()> work) { need_threads_ = std::move(work); }
  /// To be called before a session reads more than one thread should.
  void need_threads() const { need_threads_(); }

  void start_attempt(std::chrono::seconds timeout);
  void end_attempt();
  bool is_overdue(std::chrono::steady_clock::time_point now) const;
  /// Revokes the token and interrupts what is running. The attempt then fails.
  void expire() noexcept;
  /// Whether `expire` was called since the attempt started.
  bool is_expired() const;
  /// Readable since `expire` was called, up to the next attempt: for poll, by what waits for something else than SQL.
  int expired_descriptor() const { return expired_event_; }

 private:
  const RunBinding& binding_;
  const int expired_event_;  // an eventfd
  std::function<void()> need_threads_ = [] {};
  mutable std::mutex mutex_;
  bool is_brief_ = false;                                          // of its thread
  std::unique_ptr<Session> session_;                               // written by its thread with mutex_ held
  Shadow* shadow_;                                                 // of its thread
  std::unique_ptr<Shadow> own_shadow_;
  std::string token_;                                              // guarded by mutex_
  std::optional<std::chrono::steady_clock::time_point> deadline_;  // guarded by mutex_
  bool expired_ = false;                                           // guarded by mutex_
};

}  // namespace lochan
