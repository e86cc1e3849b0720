#include "base/mysql_url.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lochan {
namespace {

TEST(MysqlUrl, HasAllParts) {
  const MysqlSettings settings = parse_mysql_url(
      "mysql://anna:p%40ss%3A%2f@db.example:3307/my%20shop?ssl-mode=VERIFY_IDENTITY&ssl-ca=/etc/"
      "ca.pem&ssl-cert=c&ssl-key=k",
      "shop");
  EXPECT_EQ(settings.user, "anna");
  EXPECT_EQ(settings.password, "p@ss:/");
  EXPECT_EQ(settings.host, "db.example");
  EXPECT_EQ(settings.port, 3307U);
  EXPECT_EQ(settings.database, "my shop");
  EXPECT_EQ(settings.tls, MysqlTls::VerifyIdentity);
  EXPECT_EQ(settings.ca, "/etc/ca.pem");
  EXPECT_EQ(settings.cert, "c");
  EXPECT_EQ(settings.key, "k");
}

TEST(MysqlUrl, HasDefaults) {
  const MysqlSettings settings = parse_mysql_url("mysql://[::1]/?socket=/run/db.sock", "shop");
  EXPECT_EQ(settings.user + settings.password + settings.database, "");
  EXPECT_EQ(settings.host, "::1");
  EXPECT_EQ(settings.port, 3306U);
  EXPECT_EQ(settings.socket, "/run/db.sock");
  EXPECT_EQ(settings.tls, MysqlTls::Preferred);
}

TEST(MysqlUrl, SaysWhatIsWrongWithoutThePassword) {
  const auto error_of = [](const char* url) -> std::string {
    try {
      parse_mysql_url(url, "shop");
    } catch (const Error& error) {
      EXPECT_EQ(error.message().find("secret"), std::string::npos);
      EXPECT_EQ(error.hint().find("secret"), std::string::npos);
      return error.message();
    }
    return "";
  };
  EXPECT_EQ(error_of("mysql:root:secret@host"), "connection `shop`: its URL can't be read: it has no `://`");
  EXPECT_EQ(error_of("mysql://root:secret@host:x/db"),
            "connection `shop`: its URL can't be read: the port is no number from 1 to 65535");
  EXPECT_EQ(error_of("mysql://root:secret%@host/db"),
            "connection `shop`: its URL can't be read: a `%` is not followed by two digits");
  EXPECT_EQ(error_of("mysql://root:secret@host/db?ssl-mod=required"),
            "connection `shop`: its URL has an unknown option `ssl-mod`");
  EXPECT_EQ(error_of("mysql://root:secret@host/db?ssl-mode=verify-ca"),
            "connection `shop`: its URL has `ssl-mode=verify-ca`, which is none");
}

}  // namespace
}  // namespace lochan
