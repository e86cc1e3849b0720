// A connection to MongoDB, with errors of ours.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "project/project.h"
#include "sink/bson.h"
#include "sink/mongodb_driver.h"

namespace lochan {

using MongoCollectionHandle = std::unique_ptr<mongoc_collection_t, MongoFree>;

/// Where a table goes.
struct MongoName {
  std::string database;
  std::string collection;
  std::string full() const { return database + "." + collection; }
};

/// Used by one thread at a time. Connects when something is asked of it.
class MongoClient {
 public:
  explicit MongoClient(const Connection& connection);

  /// Of the connection's URL; "" when it names none.
  const std::string& database() const { return database_; }
  MongoCollectionHandle collection(const MongoName& name) const;
  /// The answer. Throws what the server's error means.
  Bson command(const std::string& database, const Bson& command) const;
  /// The same; nothing for an error with this code.
  std::optional<Bson> try_command(const std::string& database, const Bson& command, std::uint32_t code) const;
  /// The answer to a command that writes, tried once more by the driver where the server can tell. Throws also what it
  /// says of a single document.
  Bson write(mongoc_collection_t* collection, const Bson& command) const;
  /// Hands over what a query finds. `options`: projection and so on.
  void find(const MongoName& name, const Bson& filter, const Bson& options,
            const std::function<void(BsonView)>& found) const;

  /// Hands over what the server says of each collection.
  void list_collections(const std::string& database, const std::function<void(BsonView)>& found) const;

  /// What an error of the driver means: Unavailable where another try may help, Project for rights and certificates.
  Error explain(const bson_error_t& error) const;

 private:
  void read(mongoc_cursor_t* cursor, const std::function<void(BsonView)>& found) const;

  const Connection& connection_;
  const MongoDriver& driver_ = mongo_driver();
  std::string database_;
  std::string user_;  // as errors name the URL's
  std::unique_ptr<mongoc_client_t, MongoFree> client_;
};

}  // namespace lochan
