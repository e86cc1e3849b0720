// The sink to PostgreSQL: all tables of a sink move in one transaction, and the mark of what they hold with them.
#include <fmt/format.h>

#include <list>
#include <mutex>

#include "base/postgres_connection.h"
#include "sink/kinds.h"
#include "sink/postgres_carry.h"
#include "sink/postgres_marks.h"
#include "sink/unanswered.h"

namespace lochan {
namespace {

class PostgresSink final : public Sink {
 public:
  explicit PostgresSink(const Connection& connection) : target_(connection) {}

  std::vector<CarriedTable> carry(Session& session, const CarryRequest& request) override {
    const Open open(*this);
    std::vector<CarriedTable> carried;
    try {
      connection_->transaction([&] { carried = carry_all(session, request); });
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::CommitUnknown) {
        unanswered_ = {};
        unanswered_.add(carried);
      }
      throw explain(error);
    }
    unanswered_.recall(carried);
    return carried;
  }

  void cancel() noexcept override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    if (connection_) connection_->cancel();
  }

 private:
  // The connection, for the length of one try.
  struct Open {
    explicit Open(PostgresSink& owner) : sink(owner) {
      auto connection = std::make_unique<PostgresConnection>(sink.target_.location, sink.target_.name);
      const std::lock_guard lock(sink.mutex_);
      if (sink.cancelled_) throw Error(ErrorKind::Unavailable, "interrupted");
      sink.connection_ = std::move(connection);
    }
    ~Open() {
      const std::lock_guard lock(sink.mutex_);
      sink.connection_.reset();
    }
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;
    PostgresSink& sink;
  };

  std::vector<CarriedTable> carry_all(Session& session, const CarryRequest& request) {
    const std::string schema = schema_of(*request.sink);
    PostgresMarks marks(*connection_, schema);
    std::list<PostgresCarry> tables;
    for (const CarryTable& table : request.tables)
      tables.emplace_back(*connection_, marks, session, request, table, schema).write();
    // What readers would wait for comes last, and ends with the commit.
    std::vector<CarriedTable> carried;
    for (PostgresCarry& table : tables) {
      table.finish();
      carried.push_back(table.carried());
    }
    return carried;
  }

  std::string schema_of(const SinkConfig& sink) {
    if (!sink.schema.empty()) return sink.schema;
    const auto schema = connection_->query("select current_schema()").rows[0][0];
    if (!schema)
      throw Error(ErrorKind::Data, fmt::format("connection `{}` has no schema of its own", target_.name))
          .at(sink.position)
          .hint("add `schema:` to the sink");
    return *schema;
  }

  Error explain(const Error& error) const {
    if (!error.hint().empty()) return error;
    Error explained = error;
    const std::string& message = error.message();
    if (message.find("affect row a second time") != std::string::npos)
      return explained.hint("two rows of a table have the same key: check it by `unique`");
    if (message.find("permission denied") != std::string::npos || message.find("must be owner") != std::string::npos)
      return explained.hint("the connection's user needs its own schema: `create schema … authorization …`");
    if (message.find("violates check constraint") != std::string::npos ||
        message.find("violates foreign key constraint") != std::string::npos)
      return explained.hint(
          "somebody put that constraint on the table there: take it off, or hold such rows back by a check of the model");
    if (message.find("lock timeout") != std::string::npos)
      return explained.hint("somebody holds a lock on a table of the sink: see `pg_stat_activity` there");
    if (message.find("depend on it") != std::string::npos || message.find("used by a view") != std::string::npos)
      return explained.hint("drop the view there, run, and make it again");
    return explained;
  }

  const Connection& target_;
  std::mutex mutex_;
  std::unique_ptr<PostgresConnection> connection_;  // set and reset with mutex_ held
  bool cancelled_ = false;                          // guarded by mutex_
  Unanswered unanswered_;  // of the last try
};

}  // namespace

std::unique_ptr<Sink> make_postgres_sink(const Connection& connection) {
  return std::make_unique<PostgresSink>(connection);
}

}  // namespace lochan
