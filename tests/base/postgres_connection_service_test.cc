// A real server: what is asked, what it refuses, and what becomes of a copy and a transaction that are given up.
#include "base/postgres_connection.h"

#include <gtest/gtest.h>

#include "tests/support/postgres_server.h"

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

}  // namespace
}  // namespace lochan
