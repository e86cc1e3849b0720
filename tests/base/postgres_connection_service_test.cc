// A real server: what is asked, what it refuses, and what becomes of a copy and a transaction that are given up.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/hash.h"
#include "base/postgres_connection.h"
#include "tests/support/postgres_server.h"
#include "tests/support/proxy.h"

namespace lochan {
namespace {

ErrorKind kind_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::Internal;
}

class PostgresConnectionTest : public testing::Test {
 protected:
  PostgresDatabase database_;
  PostgresConnection connection_ = database_.connect();

  std::string count() { return connection_.query("select count(*) from fruit").value(); }
};

TEST_F(PostgresConnectionTest, GivesValuesAndNulls) {
  const std::vector<PostgresValue> values{"mango", std::nullopt};
  const PostgresRows rows = connection_.query("select $1::text as name, $2::int as price", values);
  EXPECT_EQ(rows.columns, (std::vector<std::string>{"name", "price"}));
  EXPECT_EQ(rows.rows[0][0], "mango");
  EXPECT_EQ(rows.rows[0][1], std::nullopt);
}

TEST_F(PostgresConnectionTest, CopiesRowsAndForgetsACancelledCopy) {
  connection_.execute("create table fruit (name text)");
  connection_.begin_copy("copy fruit from stdin");
  connection_.send_copy("mango\nkiwi\n");
  EXPECT_EQ(connection_.finish_copy(), 2);
  connection_.begin_copy("copy fruit from stdin");
  connection_.send_copy("fig\n");
  connection_.cancel_copy();
  EXPECT_EQ(count(), "2");
}

TEST_F(PostgresConnectionTest, RollsBackWhatThrows) {
  connection_.execute("create table fruit (name text)");
  EXPECT_EQ(kind_of([&] {
              connection_.transaction([&] {
                connection_.execute("insert into fruit values ('mango')");
                connection_.execute("select 1/0");
              });
            }),
            ErrorKind::Data);
  EXPECT_EQ(count(), "0");
}

TEST_F(PostgresConnectionTest, TellsWhatMayBeTriedAgain) {
  EXPECT_EQ(kind_of([&] { connection_.execute("select * from nowhere"); }), ErrorKind::Data);
  EXPECT_EQ(connection_.last_code(), "42P01");
  EXPECT_EQ(kind_of([] { PostgresConnection("postgresql://nobody@127.0.0.1:1/x", "away"); }), ErrorKind::Unavailable);
  EXPECT_EQ(kind_of([&] { PostgresConnection(database_.url() + "_not_there", "wrong"); }), ErrorKind::Data);
  const std::string pid = connection_.query("select pg_backend_pid()").value();
  database_.connect().execute("select pg_terminate_backend(" + pid + ")");
  EXPECT_EQ(kind_of([&] { connection_.execute("select 1"); }), ErrorKind::Unavailable);
}

TEST_F(PostgresConnectionTest, TellsThatTheServerWentAway) {
  const std::string url = database_.url();
  const Proxy proxy(std::stoi(url.substr(url.rfind(':') + 1)));
  PostgresConnection behind(proxy.through(url), "behind");
  EXPECT_EQ(behind.query("select 1").value(), "1");
  proxy.cut();
  EXPECT_EQ(kind_of([&] { behind.execute("select 1"); }), ErrorKind::Unavailable);
  EXPECT_EQ(kind_of([&] { PostgresConnection(proxy.through(url), "again"); }), ErrorKind::Unavailable);
  proxy.restore();
  proxy.reset_after(0);
  EXPECT_EQ(kind_of([&] { PostgresConnection(proxy.through(url), "again"); }), ErrorKind::Unavailable);
  proxy.restore();
  proxy.cut_after(100'000);
  PostgresConnection large(proxy.through(url), "large");
  EXPECT_EQ(kind_of([&] { large.query("select repeat('x', 1000000)"); }), ErrorKind::Unavailable);
  proxy.restore();
  proxy.delay(1);
  EXPECT_EQ(PostgresConnection(proxy.through(url), "slow").query("select 1").value(), "1");
}

// A certificate of somebody else, good until 2126.
std::string other_certificate(const std::filesystem::path& folder) {
  const std::string file = (folder / "other.crt").string();
  const std::string command = "openssl req -x509 -newkey rsa:2048 -nodes -days 36500 -subj /CN=localhost -keyout " + (folder / "other.key").string() +
                              " -out " + file + " 2>/dev/null";
  EXPECT_EQ(std::system(command.c_str()), 0);
  return file;
}

TEST_F(PostgresConnectionTest, TrustsOnlyTheServerThatTheUrlTrusts) {
  const auto folder = std::filesystem::temp_directory_path() / ("lochan-" + random_uuid());
  std::filesystem::create_directories(folder);
  const std::string good = connection_.query("show data_directory").value() + "/server.crt";
  const std::string secure = database_.url() + "?sslmode=verify-full&sslrootcert=";
  EXPECT_EQ(PostgresConnection(secure + good, "shop").query("select ssl from pg_stat_ssl where pid = pg_backend_pid()").value(), "t");
  for (const std::string& wrong : {other_certificate(folder), std::string("/nowhere/ca.crt")}) {
    try {
      PostgresConnection(secure + wrong, "shop");
      ADD_FAILURE() << wrong;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Data) << error.what();
      EXPECT_NE(error.hint().find("`sslrootcert`"), std::string::npos) << error.what();
    }
  }
  std::filesystem::remove_all(folder);
}

TEST_F(PostgresConnectionTest, TheEnvironmentLeadsNowhereElse) {
  const std::map<std::string, std::string> environment = {
      {"PGHOST", "192.0.2.1"}, {"PGHOSTADDR", "192.0.2.1"}, {"PGPORT", "1"}, {"PGDATABASE", "none"}, {"PGUSER", "nobody"},
      {"PGOPTIONS", "-c timezone=Asia/Tokyo -c search_path=none"}, {"PGTZ", "Asia/Tokyo"}, {"PGDATESTYLE", "SQL, DMY"}};
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  const std::string found = PostgresConnection(database_.url(), "shop").query("select timestamptz '2026-11-21 10:00+00' || current_setting('search_path')").value();
  for (const auto& [name, value] : environment) unsetenv(name.c_str());
  EXPECT_EQ(found, "2026-11-21 10:00:00+00\"$user\", public");
}

TEST_F(PostgresConnectionTest, NoMessageTellsThePassword) {
  for (const char* url : {"postgresql://someone:pa55%20word@127.0.0.1:1/none", "postgresql://someone:pa55%zzword@127.0.0.1/none",
                          "postgresql://someone:pa55 word@[127.0.0.1/none"}) {
    try {
      PostgresConnection(url, "shop");
      ADD_FAILURE() << url;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find("pa55"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace lochan
