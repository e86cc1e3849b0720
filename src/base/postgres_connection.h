// A connection to a PostgreSQL server, by libpq (https://www.postgresql.org/docs/15/libpq.html).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

struct pg_conn;

namespace lochan {

/// An answer: values as the server writes them in text, nothing for null.
struct PostgresRows {
  std::vector<std::string> columns;
  std::vector<std::uint32_t> types;  // of the columns: object ids of pg_type
  std::vector<std::vector<std::optional<std::string>>> rows;

  bool empty() const { return rows.empty(); }
  /// The value of the first row's first column. Throws Error{Internal} when it isn't there.
  const std::string& value() const;
};

/// A column of an answer to come.
struct PostgresField {
  std::string name;
  std::uint32_t type = 0;  // oid; of a domain: what it is made of
  std::int32_t modifier = -1;
};

using PostgresValue = std::optional<std::string>;

/// Belongs to one thread at a time. Every statement throws: Error{Unavailable} when the server is away, is starting or
/// shutting down, or ended the transaction for another one's sake (deadlock, serialization); else Error{Data} with the
/// server's message, detail and hint. A commit whose answer was lost throws Error{CommitUnknown}.
class PostgresConnection {
 public:
  /// `url` as libpq reads it, `sslmode` and `sslrootcert` too, but where it names a host the environment (PGHOSTADDR, PGPORT,
  /// PGOPTIONS) leads nowhere else; `name` is what messages call it. Times are UTC, and values are written so
  /// that they read back the same.
  PostgresConnection(const std::string& url, std::string name);

  /// One statement; `$1`, `$2`, … stand for values.
  PostgresRows query(std::string_view sql, std::span<const PostgresValue> values = {});
  /// One statement, or several without values. Returns the rows changed by the last one.
  std::int64_t execute(std::string_view sql, std::span<const PostgresValue> values = {});
  /// As `execute`, but it waits for no answer: the statement goes to the server with the next `query`, `execute` or the
  /// transaction's end, in one round trip, and that throws what it would have thrown.
  void execute_later(std::string_view sql, std::span<const PostgresValue> values = {});
  /// The columns that a statement will give, without running it.
  std::vector<PostgresField> describe(std::string_view sql);
  /// Runs `work` in a transaction: commits when it returns, rolls back when it throws. An empty `begin`: it has begun.
  void transaction(const std::function<void()>& work, std::string_view begin = "begin");

  /// `copy … from stdin`: bytes are sent as they come, in the format that the statement names. Without `finish` nothing
  /// is kept.
  void begin_copy(std::string_view sql);
  void send_copy(std::string_view bytes);
  /// Returns the rows that were copied.
  std::int64_t finish_copy();
  /// The server forgets the rows sent so far.
  void cancel_copy() noexcept;

  /// `copy … to stdout`: the parts that `read_copy` then gives are messages of the server, each valid until the next call;
  /// nothing when all were read.
  void begin_read(std::string_view sql);
  std::optional<std::string_view> read_copy();

  /// Asked ten times a second while the server is waited for: when it says yes, the server is told to cancel and
  /// Error{Unavailable} "interrupted" is thrown.
  void stop_when(std::function<bool()> is_stopped) { is_stopped_ = std::move(is_stopped); }
  /// Asks the server to end the statement that runs, which then throws. From any thread.
  void cancel() noexcept;

  /// The last error's code, such as `42P01`; "" for one of the connection itself.
  const std::string& last_code() const { return code_; }
  /// Where in its statement's text the last error was, in letters from 1; 0 when the server didn't say.
  int last_position() const { return position_; }
  bool is_open() const;
  /// Looks, without waiting, whether the server has closed an idle connection.
  bool is_still_open();
  /// How often the server was waited for since the last call.
  std::int64_t take_round_trips() { return std::exchange(round_trips_, 0); }
  pg_conn* handle() { return connection_.get(); }

 private:
  struct Close {
    void operator()(pg_conn* connection) const noexcept;
  };

  struct FreeMessage {
    void operator()(char* message) const noexcept;
  };

  Error failed(const void* result);
  std::unique_ptr<void, void (*)(void*)> run(const char* sql, std::span<const PostgresValue> values);
  std::unique_ptr<void, void (*)(void*)> run_with_sent(const char* sql, std::span<const PostgresValue> values);
  void send(const char* sql, std::span<const PostgresValue> values);
  void roll_back() noexcept;
  void receive();
  void wait();
  std::string without_password(std::string text) const;

  std::string name_;
  std::string password_;
  std::function<bool()> is_stopped_;
  std::unique_ptr<pg_conn, Close> connection_;
  std::unique_ptr<char, FreeMessage> message_;  // of the copy that is read
  std::string code_;
  int position_ = 0;
  int sent_ = 0;  // statements whose answers were not read yet
  std::int64_t round_trips_ = 0;
};

}  // namespace lochan
