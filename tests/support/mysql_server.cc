#include "tests/support/mysql_server.h"

#include <fmt/format.h>

#include <map>

#include "base/hash.h"
#include "tests/support/service.h"

namespace lochan {
namespace {

const std::map<std::string, std::string>& server() {
  static const std::map<std::string, std::string> kServer = run_service("mysql");
  return kServer;
}

}  // namespace

MysqlDatabase::MysqlDatabase() : server_(server().at("MYSQL_URL")) {
  std::string suffix = random_uuid();
  std::erase(suffix, '-');
  name_ = "test_" + suffix;
  MysqlConnection(server_, "server").execute("create database " + name_);
  url_ = server_ + "/" + name_;
}

MysqlDatabase::~MysqlDatabase() {
  try {
    MysqlConnection(server_, "server").execute("drop database if exists " + name_);
  } catch (const Error&) {
    // The server was stopped by its test: its data goes with it.
  }
}

int MysqlDatabase::port() const { return std::stoi(server_.substr(server_.rfind(':') + 1)); }

std::string MysqlDatabase::certificate() { return server().at("MYSQL_CERTIFICATE"); }

}  // namespace lochan
