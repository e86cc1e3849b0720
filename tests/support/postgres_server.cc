#include "tests/support/postgres_server.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/sql.h"
#include "tests/support/service.h"

namespace lochan {

PostgresDatabase::PostgresDatabase() {
  static const std::string kServer = run_service("postgres").at("POSTGRES_URL");
  server_ = kServer;
  std::string suffix = random_uuid();
  std::erase(suffix, '-');
  name_ = "test_" + suffix;
  PostgresConnection(server_, "server").execute(fmt::format("create database {}", sql::identifier(name_)));
  url_ = server_.substr(0, server_.rfind('/') + 1) + name_;
}

PostgresDatabase::~PostgresDatabase() {
  try {
    PostgresConnection(server_, "server")
        .execute(fmt::format("drop database if exists {} with (force)", sql::identifier(name_)));
  } catch (const Error&) {
    // The server was stopped by its test: its data goes with it.
  }
}

}  // namespace lochan
