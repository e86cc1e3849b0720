#include "tests/support/postgres_server.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/hash.h"
#include "base/sql.h"
#include "base/text.h"

namespace lochan {
namespace {

// Tests run in the repository's root.
std::string start_server() {
  struct Close {
    void operator()(std::FILE* file) const noexcept { pclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> output(popen("tests/services/postgres.sh start", "r"));
  std::string text;
  std::array<char, 512> part{};
  while (output && std::fgets(part.data(), part.size(), output.get()) != nullptr) text += part.data();
  for (const std::string& line : text::split(text, '\n'))
    if (line.starts_with("POSTGRES_URL=")) return line.substr(line.find('=') + 1);
  throw Error(ErrorKind::Unavailable, "tests/services/postgres.sh could not start a server");
}

}  // namespace

PostgresDatabase::PostgresDatabase() {
  static const std::string kServer = start_server();
  server_ = kServer;
  std::string suffix = random_uuid();
  std::erase(suffix, '-');
  name_ = "test_" + suffix;
  PostgresConnection(server_, "server").execute(fmt::format("create database {}", sql::identifier(name_)));
  url_ = server_.substr(0, server_.rfind('/') + 1) + name_;
}

PostgresDatabase::~PostgresDatabase() {
  try {
    PostgresConnection(server_, "server").execute(fmt::format("drop database if exists {} with (force)", sql::identifier(name_)));
  } catch (const Error&) {
    // The server was stopped by its test: its data goes with it.
  }
}

}  // namespace lochan
