// The sink to MongoDB: documents by key, in an order that makes a repeat exact; no transaction is asked of the server.
#include <fmt/format.h>

#include <atomic>

#include "base/error.h"
#include "sink/kinds.h"
#include "sink/lake_rows.h"
#include "sink/mongodb_carry.h"
#include "sink/mongodb_lock.h"
#include "sink/unanswered.h"

namespace lochan {
namespace {

class MongoSink final : public Sink {
 public:
  explicit MongoSink(const Connection& connection) : target_(connection) {}

  std::vector<CarriedTable> carry(Session& session, const CarryRequest& request) override {
    MongoClient client(target_);
    std::vector<CarriedTable> carried;
    for (const CarryTable& table : request.tables) {
      try {
        carried.push_back(carry_table(client, session, request, table));
      } catch (const Error& error) {
        // What the tables before it did counts, though the step fails.
        unanswered_.add(carried);
        throw at_table(error, table);
      }
    }
    unanswered_.recall(carried);
    return carried;
  }

  void cancel() noexcept override { cancelled_ = true; }

 private:
  CarriedTable carry_table(MongoClient& client, Session& session, const CarryRequest& request,
                           const CarryTable& table) {
    const MongoName name = name_of(client, *request.sink, *table.table);
    const MongoLock lock(client, target_, name, [this] { return cancelled_.load(); });
    MongoCarry carry(client, session, request, table, name, [&] {
      if (cancelled_) throw Error(ErrorKind::Unavailable, "interrupted");
      lock.require();
    });
    try {
      carry.carry();
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::CommitUnknown) unanswered_.add(carry.carried());
      throw;
    }
    return carry.carried();
  }

  MongoName name_of(const MongoClient& client, const SinkConfig& sink, const SinkTable& table) const {
    const auto dot = table.to.find('.');
    if (dot != std::string::npos) return {table.to.substr(0, dot), table.to.substr(dot + 1)};
    const std::string& database = sink.schema.empty() ? client.database() : sink.schema;
    if (database.empty())
      throw Error(ErrorKind::Project, fmt::format("connection `{}` names no database", target_.name))
          .at(sink.position)
          .hint("add `schema:` to the sink, or the database to the URL: `mongodb://host/database`");
    return {database, table.to};
  }

  const Connection& target_;
  std::atomic<bool> cancelled_ = false;
  Unanswered unanswered_;
};

}  // namespace

std::unique_ptr<Sink> make_mongodb_sink(const Connection& connection) {
  return std::make_unique<MongoSink>(connection);
}

}  // namespace lochan
