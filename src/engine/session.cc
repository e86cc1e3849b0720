#include "engine/session.h"

#include <fmt/format.h>

#include <chrono>
#include <mutex>
#include <vector>

#include "base/hash.h"
#include "base/sql.h"
#include "engine/session_impl.h"
#include "engine/sql_text.h"

namespace lochan {

namespace {

// DuckDB ends the process when a connection with an open transaction goes and the instance is invalid: its rollback
// then throws in a destructor. Such connections stay to the end of the process, and with them their instance.
void abandon(DuckConnection& connection) {
  static std::mutex mutex;
  static auto* const abandoned = new std::vector<duckdb_connection>();  // never destroyed; guarded by mutex
  const std::lock_guard lock(mutex);
  abandoned->push_back(connection.release());
}

}  // namespace

Session::Impl::~Impl() {
  interrupter_ = std::jthread();  // joins
  for (const std::string& id : outside_tables_) instance_->outside_tables().remove(id);
  run_quietly("rollback");
  if (instance_->is_invalidated()) {
    abandon(connection_);
    return;
  }
  if (!lake_.empty()) run_quietly(("detach database if exists " + lake_).c_str());
}

// The token goes through a secret that is gone again: as an option of ATTACH, any query could read it.
void Session::Impl::attach(const LakeBinding& lake) {
  for (const std::string_view extension : {"avro", "httpfs", "iceberg"}) instance_->load_extension(extension);
  const std::string name = fmt::format("lake_{}", instance_->next_lake());
  const std::string token = name + "_token";
  run(fmt::format("create temporary secret {} (type iceberg, token {})", token, sql::literal(lake.token)));
  try {
    run(fmt::format("attach {} as {} (type iceberg, endpoint {}, secret {}{})", sql::literal(lake.ref), name,
                    sql::literal(lake.uri), token, lake.ref.starts_with("at-") ? ", read_only" : ""));
  } catch (const Error&) {
    run_quietly(("drop secret " + token).c_str());
    throw;
  }
  lake_ = name;
  run("drop secret " + token);
}

void Session::Impl::set_up(std::string_view sql) { run(as_temporary_macros(sql)); }

void Session::Impl::refuse_when_unusable() const {
  if (interrupted_) throw Error(ErrorKind::Unavailable, "interrupted");
  if (instance_->is_invalidated())
    throw Error(ErrorKind::Unavailable, "the engine failed before and can't be used")
        .hint("it is reopened for the next session");
}

void Session::Impl::fail(const Fault& fault, bool in_commit) {
  if (is_fatal(fault)) instance_->invalidate();
  has_failed_ = true;
  if (const auto error = reader_fault_->take(); error && !is_fatal(fault)) throw Error(*error);
  throw to_error(fault, in_commit);
}

void Session::Impl::begin_statement() {
  {
    const std::lock_guard lock(mutex_);
    refuse_when_unusable();
    is_running_ = true;
  }
  reader_fault_->take();  // of a statement that ended otherwise
}

void Session::Impl::end_statement() noexcept {
  {
    const std::lock_guard lock(mutex_);
    is_running_ = false;
  }
  ended_.notify_all();
}

DuckResult Session::Impl::run(std::string_view sql, const Parameters& parameters, bool in_commit) {
  begin_statement();
  Outcome outcome = run_statements(connection_.get(), sql, parameters);
  end_statement();
  if (outcome.fault) fail(*outcome.fault, in_commit);
  return std::move(outcome.result);
}

Rows Session::Impl::query(std::string_view sql, const Parameters& parameters) {
  DuckResult result = run(sql, parameters);
  return read_rows(connection_.get(), *result.get());
}

void Session::Impl::stream(std::string_view sql, const std::function<void(const RowChunk&)>& take) {
  begin_statement();
  std::optional<Fault> fault;
  try {
    fault = stream_chunks(connection_.get(), sql, take);
  } catch (...) {
    end_statement();
    throw;
  }
  end_statement();
  if (fault) fail(*fault, false);
}

std::vector<Column> Session::Impl::describe(std::string_view sql, const Parameters& parameters) {
  refuse_when_unusable();
  Description description = describe_statement(connection_.get(), sql);
  if (description.fault) fail(*description.fault, false);
  if (description.parameters.empty()) return std::move(description.columns);
  // Only values have types for certain: the statement is run for no rows.
  std::string_view select = sql.substr(0, sql.find_last_not_of("; \t\r\n") + 1);
  Rows rows = query(fmt::format("select * from (\n{}\n) limit 0", select), parameters);
  return std::move(rows.columns);
}

void Session::Impl::begin() {
  run("begin");
  has_failed_ = false;
}

// DuckDB answers COMMIT after a failed statement as if all were well, and rolls back.
void Session::Impl::commit() {
  if (has_failed_) throw Error(ErrorKind::Internal, "a statement of the transaction failed: it can't be committed");
  run("commit", {}, true);
}

void Session::Impl::rollback() noexcept { run_quietly("rollback"); }

void Session::Impl::run_quietly(const char* sql) noexcept {
  if (instance_->is_invalidated()) return;
  const Outcome outcome = run_statements(connection_.get(), sql);
  if (outcome.fault && is_fatal(*outcome.fault)) instance_->invalidate();
}

// DuckDB forgets an interrupt that comes just before a statement begins: it is said again until the statement has
// ended.
void Session::Impl::repeat_interrupt(const std::stop_token& stop) noexcept {
  std::unique_lock lock(mutex_);
  while (is_running_ && !stop.stop_requested()) {
    duckdb_interrupt(connection_.get());
    ended_.wait_for(lock, stop, std::chrono::milliseconds(20), [this] { return !is_running_; });
  }
}

void Session::Impl::interrupt() noexcept {
  const std::lock_guard lock(mutex_);
  interrupted_ = true;
  if (!is_running_ || interrupter_.joinable()) return;
  duckdb_interrupt(connection_.get());
  try {
    interrupter_ = std::jthread([this](const std::stop_token& stop) { repeat_interrupt(stop); });
  } catch (const std::exception&) {
    // Without a thread the one interrupt above has to do.
  }
}

std::string Session::Impl::add_table(std::shared_ptr<OutsideTable> table) {
  const std::string id = random_uuid();
  instance_->outside_tables().add(id, {std::move(table), reader_fault_});
  std::string name = fmt::format("lochan_outside({})", sql::literal(id));
  outside_tables_.insert(id);
  return name;
}

void Session::Impl::remove_table(const std::string& name) noexcept {
  for (auto id = outside_tables_.begin(); id != outside_tables_.end(); ++id) {
    if (name.find(*id) == std::string::npos) continue;
    instance_->outside_tables().remove(*id);
    outside_tables_.erase(id);
    return;
  }
}

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Session::~Session() = default;

const std::string& Session::lake() const { return impl_->lake(); }

std::int64_t Session::execute(std::string_view sql, const Parameters& parameters) {
  DuckResult result = impl_->run(sql, parameters);
  return rows_changed(*result.get());
}

Rows Session::query(std::string_view sql, const Parameters& parameters) { return impl_->query(sql, parameters); }

void Session::stream(std::string_view sql, const std::function<void(const RowChunk&)>& take) { impl_->stream(sql, take); }

std::vector<Column> Session::describe(std::string_view sql, const Parameters& parameters) {
  return impl_->describe(sql, parameters);
}

void Session::load_extension(std::string_view name) { impl_->instance().load_extension(name); }

void Session::interrupt() noexcept { impl_->interrupt(); }

bool Session::is_interrupted() const noexcept { return impl_->is_interrupted(); }

std::string Session::add_table(std::shared_ptr<OutsideTable> table) { return impl_->add_table(std::move(table)); }

void Session::remove_table(const std::string& name) noexcept { impl_->remove_table(name); }

void Session::begin() { impl_->begin(); }

void Session::commit() { impl_->commit(); }

void Session::rollback() noexcept { impl_->rollback(); }

}  // namespace lochan
