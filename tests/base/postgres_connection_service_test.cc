// A real server: what is asked, what it refuses, and what becomes of a copy and a transaction that are given up.
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace lochan
