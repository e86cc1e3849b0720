#include "sink/mongodb_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"

namespace lochan {
namespace {

constexpr std::int32_t kSocketTimeout = 60'000;  // the driver's own is five minutes

// Of MongoDB's src/mongo/base/error_codes.yml: what ends by itself, such as another server becoming the primary.
constexpr std::array<std::uint32_t, 14> kPassing = {6,   7,    24,    89,    91,    112,   189,
                                                    262, 9001, 10107, 11600, 11602, 13435, 13436};
constexpr std::uint32_t kAuthenticationFailed = 18;
constexpr std::uint32_t kUnauthorized = 13;
constexpr std::uint32_t kDuplicateKey = 11000;
constexpr std::uint32_t kTooLarge = 10334;

std::string after_last(std::string_view message, std::string_view word) {
  const auto at = message.rfind(word);
  return std::string(at == std::string_view::npos ? message : message.substr(at));
}

}  // namespace

MongoClient::MongoClient(const Connection& connection) : connection_(connection) {
  bson_error_t error{};
  const std::unique_ptr<mongoc_uri_t, MongoFree> uri(driver_.uri_new_with_error(connection.location.c_str(), &error));
  if (uri) {
    if (const char* database = driver_.uri_get_database(uri.get())) database_ = database;
    if (const char* user = driver_.uri_get_username(uri.get())) {
      const char* known_by = driver_.uri_get_auth_source(uri.get());
      user_ = fmt::format(" `{}` of database `{}`", user, known_by == nullptr ? "admin" : known_by);
    }
    if (driver_.uri_get_option_as_int32(uri.get(), MONGOC_URI_SOCKETTIMEOUTMS, 0) == 0)
      driver_.uri_set_option_as_int32(uri.get(), MONGOC_URI_SOCKETTIMEOUTMS, kSocketTimeout);
    if (driver_.uri_get_appname(uri.get()) == nullptr) driver_.uri_set_appname(uri.get(), "lochan");
    client_.reset(driver_.client_new_from_uri_with_error(uri.get(), &error));
  }
  if (!client_)
    throw Error(ErrorKind::Project,
                fmt::format("the URL of connection `{}` can't be used: {}", connection.name, error.message))
        .at(connection.position)
        .hint(
            "write `mongodb://user:password@host:27017/database`; letters such as `@` in a password are written `%40`");
  driver_.client_set_error_api(client_.get(), MONGOC_ERROR_API_VERSION_2);
  // Marks and what is compared are read where they were written.
  const std::unique_ptr<mongoc_read_prefs_t, MongoFree> primary(driver_.read_prefs_new(MONGOC_READ_PRIMARY));
  driver_.client_set_read_prefs(client_.get(), primary.get());
}

MongoCollectionHandle MongoClient::collection(const MongoName& name) const {
  return MongoCollectionHandle(
      driver_.client_get_collection(client_.get(), name.database.c_str(), name.collection.c_str()));
}

Bson MongoClient::command(const std::string& database, const Bson& command) const {
  return *try_command(database, command, 0);
}

std::optional<Bson> MongoClient::try_command(const std::string& database, const Bson& command,
                                             std::uint32_t code) const {
  bson_t reply;
  bson_error_t error{};
  const bool is_done = driver_.client_command_with_opts(client_.get(), database.c_str(), command.get(), nullptr,
                                                        nullptr, &reply, &error);
  Bson answer(bson_copy(&reply));
  bson_destroy(&reply);
  if (is_done) return answer;
  if (code != 0 && error.domain == MONGOC_ERROR_SERVER && error.code == code) return std::nullopt;
  throw explain(error);
}

Bson MongoClient::write(mongoc_collection_t* collection, const Bson& command) const {
  bson_t reply;
  bson_error_t error{};
  const bool is_done = driver_.collection_write_command_with_opts(collection, command.get(), nullptr, &reply, &error);
  Bson answer(bson_copy(&reply));
  bson_destroy(&reply);
  if (!is_done) throw explain(error);
  if (const auto refused = bson_at(answer.get(), "writeErrors.0.errmsg")) {
    bson_set_error(&error, MONGOC_ERROR_SERVER,
                   static_cast<std::uint32_t>(bson_number(answer.get(), "writeErrors.0.code")), "%s",
                   bson_iter_utf8(&*refused, nullptr));
    throw explain(error);
  }
  return answer;
}

void MongoClient::find(const MongoName& name, const Bson& filter, const Bson& options,
                       const std::function<void(BsonView)>& found) const {
  const MongoCollectionHandle from = collection(name);
  const std::unique_ptr<mongoc_cursor_t, MongoFree> cursor(
      driver_.collection_find_with_opts(from.get(), filter.get(), options.get(), nullptr));
  read(cursor.get(), found);
}

void MongoClient::list_collections(const std::string& database, const std::function<void(BsonView)>& found) const {
  const std::unique_ptr<mongoc_database_t, MongoFree> from(
      driver_.client_get_database(client_.get(), database.c_str()));
  const std::unique_ptr<mongoc_cursor_t, MongoFree> cursor(
      driver_.database_find_collections_with_opts(from.get(), nullptr));
  read(cursor.get(), found);
}

void MongoClient::read(mongoc_cursor_t* cursor, const std::function<void(BsonView)>& found) const {
  const bson_t* document = nullptr;
  while (driver_.cursor_next(cursor, &document)) found({document});
  bson_error_t error{};
  if (driver_.cursor_error(cursor, &error)) throw explain(error);
}

Error MongoClient::explain(const bson_error_t& error) const {
  const std::string_view message = error.message;
  const bool is_server = error.domain == MONGOC_ERROR_SERVER;
  const auto make = [&](ErrorKind kind, std::string_view what, std::string_view hint) {
    Error made(kind, fmt::format("connection `{}`: {}", connection_.name, what));
    return hint.empty() ? made : made.at(connection_.position).hint(std::string(hint));
  };
  if (message.find("certificate") != std::string_view::npos && message.find("TLS") != std::string_view::npos)
    return make(ErrorKind::Project, message,
                "name the authority's file in the URL: `?tls=true&tlsCAFile=/path/ca.pem`");
  if ((error.domain == MONGOC_ERROR_CLIENT && error.code == MONGOC_ERROR_CLIENT_AUTHENTICATE) ||
      error.domain == MONGOC_ERROR_SASL || error.domain == MONGOC_ERROR_SCRAM ||
      (is_server && error.code == kAuthenticationFailed))
    return make(ErrorKind::Project, fmt::format("the server refuses the user{}: {}", user_, message),
                "check user and password of the URL, and `?authSource=`, the database that knows the user");
  if (is_server && error.code == kUnauthorized)
    return make(ErrorKind::Project, message, "the connection's user needs the role `readWrite` of the database");
  // Documents are found by `_id`: somebody made the same one at this moment, such as a try of ours that was cut.
  if (error.code == kDuplicateKey && message.find("index: _id_") != std::string_view::npos)
    return make(ErrorKind::Unavailable, after_last(message, "E11000"), "");
  if (error.code == kDuplicateKey)
    return make(ErrorKind::Data, after_last(message, "E11000"),
                "two documents would be the same in a unique index: check the column by `unique`");
  if (error.code == kTooLarge ||
      (error.domain == MONGOC_ERROR_BSON && message.find("too large") != std::string_view::npos))
    return make(ErrorKind::Data, message, "MongoDB takes documents of up to 16 MB: keep fewer items in their lists");
  const bool is_passing = error.domain == MONGOC_ERROR_STREAM || error.domain == MONGOC_ERROR_PROTOCOL ||
                          error.domain == MONGOC_ERROR_SERVER_SELECTION ||
                          (is_server && std::ranges::find(kPassing, error.code) != kPassing.end());
  return make(is_passing ? ErrorKind::Unavailable : ErrorKind::Data, message, "");
}

}  // namespace lochan
