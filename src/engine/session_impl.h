// What a session is made of. For session.cc and engine.cc only.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "engine/engine.h"
#include "engine/instance.h"
#include "engine/session.h"
#include "engine/statements.h"

namespace lochan {

class Session::Impl {
 public:
  explicit Impl(std::shared_ptr<Instance> instance)
      : instance_(std::move(instance)), connection_(instance_->connect()) {}
  ~Impl();

  /// Attaches the ref under a name of its own.
  void attach(const LakeBinding& lake);
  /// Statements that make macros: they go to the session's temporary catalog.
  void set_up(std::string_view sql);

  /// Throws what the fault means; a fatal one marks the instance.
  DuckResult run(std::string_view sql, const Parameters& parameters = {}, bool in_commit = false);
  std::vector<Column> describe(std::string_view sql, const Parameters& parameters);
  Rows query(std::string_view sql, const Parameters& parameters);
  void stream(std::string_view sql, const std::function<void(const RowChunk&)>& take);
  void begin();
  void commit();
  void rollback() noexcept;
  void interrupt() noexcept;
  bool is_interrupted() const noexcept { return interrupted_; }
  std::string add_table(std::shared_ptr<OutsideTable> table);
  void remove_table(const std::string& name) noexcept;

  const std::string& lake() const { return lake_; }
  Instance& instance() { return *instance_; }

 private:
  void refuse_when_unusable() const;
  void begin_statement();
  void end_statement() noexcept;
  void run_quietly(const char* sql) noexcept;
  [[noreturn]] void fail(const Fault& fault, bool in_commit);
  void repeat_interrupt(const std::stop_token& stop) noexcept;

  // Shared with the engine and its other sessions: a session outlives the engine's `reopen`.
  std::shared_ptr<Instance> instance_;
  DuckConnection connection_;
  std::string lake_;
  bool has_failed_ = false;  // a statement of the open transaction
  // Shared with the statements that read outside tables.
  const std::shared_ptr<ReaderFault> reader_fault_ = std::make_shared<ReaderFault>();
  std::set<std::string> outside_tables_;

  std::atomic<bool> interrupted_ = false;
  std::mutex mutex_;
  std::condition_variable_any ended_;
  bool is_running_ = false;   // guarded by mutex_
  std::jthread interrupter_;  // guarded by mutex_; repeats the interrupt until the statement has ended
};

}  // namespace lochan
