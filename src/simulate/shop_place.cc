#include "simulate/shop_place.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/error.h"
#include "base/postgres_database.h"
#include "base/sqlite_database.h"
#include "project/connection_url.h"

namespace lochan {
namespace {

constexpr std::chrono::milliseconds kLockTimeout{1000};

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '_' || letter == '-';
  });
}

// `postgresql://user@host:5432/branch_1?sslmode=require`: `branch_1`.
std::string database_name(const std::string& url) {
  const std::string address = url.substr(0, url.find('?'));
  const auto host = address.find("//");
  const auto slash = address.rfind('/');
  return host == std::string::npos || slash < host + 2 ? "" : address.substr(slash + 1);
}

}  // namespace

Connection shop_at(const std::string& text, std::string_view what) {
  Connection connection;
  const auto equals = text.find('=');
  const bool is_named = equals != std::string::npos && is_name(std::string_view(text).substr(0, equals));
  connection.url = is_named ? text.substr(equals + 1) : text;
  const auto [scheme, location] = split_url(connection.url);
  if (scheme == "postgresql" || scheme == "postgres") {
    connection.kind = "postgres";
    connection.location = connection.url;
    connection.name = database_name(connection.url);
  } else if (scheme == "sqlite" && !location.empty()) {
    connection.kind = "sqlite";
    connection.location = location;
    connection.name = std::filesystem::path(location).stem().string();
  } else {
    throw Error(
        ErrorKind::Usage,
        fmt::format("{} lives at `postgresql://user@host/database` or `sqlite:path`, and this is neither", what))
        .hint("a connection of the project is named by `--connection NAME`");
  }
  if (is_named) connection.name = text.substr(0, equals);
  if (!is_name(connection.name))
    throw Error(ErrorKind::Usage, fmt::format("{}'s address names no database that could name it", what))
        .hint("give it a name: `--to branch_1=URL`");
  return connection;
}

std::unique_ptr<Database> open_shop_database(const Connection& connection, std::string_view what) {
  if (connection.kind == "sqlite")
    return open_sqlite(connection.location, {.busy_timeout_ms = static_cast<int>(kLockTimeout.count())});
  if (connection.kind == "postgres")
    return open_postgres(connection.location, connection.name, {.lock_timeout = kLockTimeout});
  throw Error(ErrorKind::Project, fmt::format("{} cannot live in `{}`, a connection of the kind `{}`", what,
                                              connection.name, connection.kind))
      .at(connection.position)
      .hint("give it a SQLite file, `sqlite:./data/shop.db`, or a PostgreSQL database, `postgresql://user@host/shop`");
}

}  // namespace lochan
