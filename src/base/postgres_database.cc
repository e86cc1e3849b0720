#include "base/postgres_database.h"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/postgres_connection.h"
#include "base/sql.h"
#include "base/text.h"

namespace lochan {
namespace {

// https://www.postgresql.org/docs/15/catalog-pg-type.html: these never change.
constexpr std::uint32_t kInt8 = 20, kInt2 = 21, kInt4 = 23, kFloat4 = 700, kFloat8 = 701;

constexpr std::size_t kMostConnections = 8;  // of one process: the server has some hundred for all
constexpr std::size_t kMostIdle = 3;
constexpr std::chrono::milliseconds kFirstWait{50}, kLongestWait{1000};  // between two tries to connect

std::atomic<std::int64_t> round_trips = 0;

DbValue value_of(const std::optional<std::string>& text, std::uint32_t type) {
  if (!text) return nullptr;
  if (type == kInt8 || type == kInt4 || type == kInt2) return static_cast<std::int64_t>(std::stoll(*text));
  if (type == kFloat8 || type == kFloat4) return std::stod(*text);
  return *text;
}

std::vector<DbRow> rows_of(const PostgresRows& answer) {
  std::vector<DbRow> rows;
  rows.reserve(answer.rows.size());
  for (const auto& texts : answer.rows) {
    std::vector<DbValue> row;
    row.reserve(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) row.push_back(value_of(texts[i], answer.types[i]));
    rows.emplace_back(std::move(row));
  }
  return rows;
}

std::vector<PostgresValue> texts_of(std::span<const DbValue> values, bool mends_text) {
  std::vector<PostgresValue> texts;
  texts.reserve(values.size());
  for (const DbValue& value : values) {
    if (std::holds_alternative<std::nullptr_t>(value)) {
      texts.emplace_back();
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      if (mends_text)
        texts.emplace_back(text::mended_utf8(*text));
      else if (text->find('\0') == std::string::npos)
        texts.emplace_back(*text);
      else
        throw Error(ErrorKind::Data, "PostgreSQL cannot keep a text with a zero byte");
    } else {
      texts.emplace_back(DbRow({value}).text(0));
    }
  }
  return texts;
}

class ServerDatabase final : public Database {
 public:
  ServerDatabase(const std::string& url, const std::string& name, PostgresOptions options)
      : url_(url), name_(name), options_(std::move(options)) {
    make_schema();
    const Taken first(*this, take());
  }

  std::vector<DbRow> query(std::string_view sql, std::span<const DbValue> values) override {
    const std::vector<PostgresValue> texts = texts_of(values, options_.mends_text);
    if (PostgresConnection* connection = own()) return rows_of(connection->query(sql, texts));
    const auto deadline = std::chrono::steady_clock::now() + options_.patience;
    // A lost connection takes nothing with it but a question, which is asked again.
    while (true) {
      const Taken taken(*this, take_open());
      try {
        return rows_of(taken->query(sql, texts));
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::Unavailable || taken->is_open() || std::chrono::steady_clock::now() >= deadline) throw;
      }
    }
  }

  std::int64_t execute(std::string_view sql, std::span<const DbValue> values) override {
    const std::vector<PostgresValue> texts = texts_of(values, options_.mends_text);
    if (PostgresConnection* connection = own()) return connection->execute(sql, texts);
    const Taken taken(*this, take_open());
    return execute_in_turn(*taken, sql, texts);
  }

  void execute_later(std::string_view sql, std::span<const DbValue> values) override {
    PostgresConnection* connection = own();
    if (connection == nullptr) {
      execute(sql, values);
      return;
    }
    connection->execute_later(sql, texts_of(values, options_.mends_text));
  }

  void write(const std::function<void()>& work) override { write(work, "begin; "); }

  void write_synced(const std::function<void()>& work) override { write(work, "begin; set local synchronous_commit = on; "); }

 private:
  using Owned = std::unique_ptr<PostgresConnection>;

  // A connection, given back at the end.
  class Taken {
   public:
    Taken(ServerDatabase& database, Owned connection) : database_(database), connection_(std::move(connection)) {}
    ~Taken() { database_.give_back(std::move(connection_)); }
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;
    PostgresConnection& operator*() const { return *connection_; }
    PostgresConnection* operator->() const { return connection_.get(); }

   private:
    ServerDatabase& database_;
    Owned connection_;
  };

  // With its lock, in one transaction of its own and one round trip.
  std::int64_t execute_in_turn(PostgresConnection& connection, std::string_view sql, const std::vector<PostgresValue>& texts) {
    try {
      connection.execute_later(take_turn_);
      return connection.execute(sql, texts);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Unavailable || connection.is_open()) throw;
      throw Error(ErrorKind::CommitUnknown, fmt::format("{} (while it committed)", error.message()));
    }
  }

  void write(const std::function<void()>& work, std::string_view begin) {
    if (own() != nullptr) return work();
    const Taken taken(*this, begun(fmt::format("{}{}", begin, take_turn_)));
    struct Writing {
      ServerDatabase& database;
      explicit Writing(ServerDatabase& a_database, PostgresConnection* connection) : database(a_database) {
        const std::lock_guard lock(database.mutex_);
        database.writing_[std::this_thread::get_id()] = connection;
      }
      ~Writing() {
        const std::lock_guard lock(database.mutex_);
        database.writing_.erase(std::this_thread::get_id());
      }
    } const writing(*this, &*taken);
    taken->transaction(work, "");
  }

  // A connection with its transaction begun and the lock taken: until here nothing is lost with a connection.
  Owned begun(const std::string& begin) {
    const auto deadline = std::chrono::steady_clock::now() + options_.patience;
    while (true) {
      Owned connection = take_open();
      try {
        connection->execute(begin);
        return connection;
      } catch (const Error& error) {
        const bool is_lost = !connection->is_open();
        if (!is_lost) connection->execute("rollback");
        give_back(std::move(connection));
        if (!is_lost || error.kind() != ErrorKind::Unavailable || std::chrono::steady_clock::now() >= deadline) throw;
      }
    }
  }

  /// Of this thread's `write`; null outside of one.
  PostgresConnection* own() {
    const std::lock_guard lock(mutex_);
    const auto found = writing_.find(std::this_thread::get_id());
    return found == writing_.end() ? nullptr : found->second;
  }

  // Waits for a server that is away, as long as there is patience.
  Owned take_open() {
    const auto deadline = std::chrono::steady_clock::now() + options_.patience;
    for (auto wait = kFirstWait;; wait = std::min(wait * 2, kLongestWait)) {
      try {
        return take();
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::Unavailable || std::chrono::steady_clock::now() + wait >= deadline) throw;
      }
      std::this_thread::sleep_for(wait);
    }
  }

  Owned take() {
    std::unique_lock lock(mutex_);
    given_back_.wait(lock, [&] { return taken_ < kMostConnections; });
    ++taken_;
    while (!idle_.empty()) {
      Owned connection = std::move(idle_.back());
      idle_.pop_back();
      if (connection->is_still_open()) return connection;
    }
    lock.unlock();
    try {
      return connect();
    } catch (...) {
      give_back(nullptr);
      throw;
    }
  }

  void give_back(Owned connection) {
    {
      const std::lock_guard lock(mutex_);
      --taken_;
      if (connection) round_trips += connection->take_round_trips();
      if (connection && connection->is_open() && idle_.size() < kMostIdle) idle_.push_back(std::move(connection));
    }
    given_back_.notify_one();
  }

  Owned connect() const {
    auto connection = std::make_unique<PostgresConnection>(url_, name_);
    std::string settings = fmt::format("set lock_timeout = {}", options_.lock_timeout.count());
    if (options_.longest_pause.count() > 0)
      settings += fmt::format("; set idle_in_transaction_session_timeout = {}", options_.longest_pause.count());
    if (!options_.schema.empty()) settings += fmt::format("; set search_path = {}", sql::identifier(options_.schema));
    connection->execute(settings);
    return connection;
  }

  // A role that may not make one can work in one that is there.
  void make_schema() {
    if (options_.schema.empty()) return;
    PostgresConnection connection(url_, name_);
    const std::vector<PostgresValue> name{options_.schema};
    if (!connection.query("select 1 from pg_namespace where nspname = $1", name).empty()) return;
    connection.execute(fmt::format("begin; select pg_advisory_xact_lock(119225664954734); create schema if not exists {}; commit",
                                   sql::identifier(options_.schema)));
  }

  const std::string url_;
  const std::string name_;
  const PostgresOptions options_;
  // "lochan" in ASCII, and the schema: those of other schemas have turns of their own.
  const std::string take_turn_ =
      fmt::format("select pg_advisory_xact_lock(119225664954734 # hashtextextended({}, 0))", sql::literal(options_.schema));
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::vector<Owned> idle_;                                   // guarded by mutex_
  std::size_t taken_ = 0;                                     // guarded by mutex_
  std::map<std::thread::id, PostgresConnection*> writing_;    // guarded by mutex_
};

}  // namespace

std::unique_ptr<Database> open_postgres(const std::string& url, const std::string& name, PostgresOptions options) {
  return std::make_unique<ServerDatabase>(url, name, std::move(options));
}

std::int64_t postgres_round_trips() { return round_trips; }

}  // namespace lochan
