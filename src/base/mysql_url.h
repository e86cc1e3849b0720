// Where a MySQL or MariaDB server is, and how to sign in there:
// `mysql://user:password@host:port/database?ssl-mode=required`.
#pragma once

#include <string>

namespace lochan {

enum class MysqlTls { Disabled, Preferred, Required, VerifyIdentity };

struct MysqlSettings {
  std::string user;
  std::string password;
  std::string host = "localhost";
  unsigned port = 3306;
  std::string database;  // "": none is chosen
  std::string socket;    // a local one in place of host and port
  MysqlTls tls = MysqlTls::Preferred;
  std::string ca;  // files in PEM
  std::string cert;
  std::string key;
};

/// The parts are decoded (`%40` is `@`). Throws Error{Data} that names the connection and repeats no password.
MysqlSettings parse_mysql_url(const std::string& url, const std::string& name);

}  // namespace lochan
