#include "base/postgres_database.h"

#include <thread>

#include "tests/base/database_contract.h"
#include "tests/support/postgres_server.h"

namespace lochan {
namespace {

class PostgresPlace final : public DatabasePlace {
 public:
  std::unique_ptr<Database> open(std::chrono::milliseconds lock_timeout) override {
    return open_postgres(database_.url(), "test", {.lock_timeout = lock_timeout});
  }

 private:
  PostgresDatabase database_;
};

INSTANTIATE_TEST_SUITE_P(Postgres, DatabaseContract,
                         testing::Values([]() -> std::unique_ptr<DatabasePlace> { return std::make_unique<PostgresPlace>(); }));

TEST(PostgresDatabaseTest, ConnectsAgainAfterItsServerCutIt) {
  PostgresDatabase postgres;
  const auto database = open_postgres(postgres.url(), "test");
  const auto cut = [&] {
    postgres.connect().execute(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");
  };
  database->execute("create table item(id bigint)");
  EXPECT_THROW(database->write([&] {
    database->execute("insert into item values (1)");
    cut();
    database->execute("insert into item values (2)");  // never outside the transaction that it was to be in
  }),
               Error);
  EXPECT_EQ(database->query("select count(*) from item").at(0).integer(0), 0);
}

TEST(PostgresDatabaseTest, ACutWhileItCommitsIsUnknown) {
  PostgresDatabase postgres;
  const auto database = open_postgres(postgres.url(), "test");
  ErrorKind kind = ErrorKind::Internal;
  try {
    database->write([&] {
      postgres.connect().execute(
          "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");
    });
  } catch (const Error& error) {
    kind = error.kind();
  }
  EXPECT_TRUE(kind == ErrorKind::CommitUnknown) << to_string(kind);
}

TEST(PostgresDatabaseTest, ReadersDontWaitForWriter) {
  PostgresDatabase postgres;
  const auto database = open_postgres(postgres.url(), "test", {.lock_timeout = std::chrono::seconds{5}});
  database->execute("create table item(id bigint)");
  database->write([&] {
    database->execute("insert into item values (1)");
    std::int64_t seen = -1;
    std::jthread([&] { seen = database->query("select count(*) from item")[0].integer(0); }).join();
    EXPECT_EQ(seen, 0);  // of another thread, and before the commit
    EXPECT_EQ(database->query("select count(*) from item")[0].integer(0), 1);
  });
}

TEST(PostgresDatabaseTest, WriterThatStandsStillIsEnded) {
  PostgresDatabase postgres;
  const auto still = open_postgres(postgres.url(), "test", {.longest_pause = std::chrono::milliseconds{200}});
  const auto other = open_postgres(postgres.url(), "test");
  still->execute("create table item(id bigint)");
  EXPECT_THROW(still->write([&] {
    still->execute("insert into item values (1)");
    other->write([&] { other->execute("insert into item values (2)"); });  // waits until the server has ended the first
    still->execute("insert into item values (3)");
  }),
               Error);
  EXPECT_EQ(other->query("select id from item")[0].integer(0), 2);
  still->execute("insert into item values (4)");
}

TEST(PostgresDatabaseTest, StatementsThatArePutOffFailWithTheirTransaction) {
  PostgresDatabase postgres;
  const auto database = open_postgres(postgres.url(), "test");
  database->execute("create table item(id bigint primary key)");
  const std::int64_t before = postgres_round_trips();
  database->write([&] {
    for (std::int64_t i = 0; i < 50; ++i) database->execute_later("insert into item values ($1)", {i});
  });
  EXPECT_LE(postgres_round_trips() - before, 3);
  try {
    database->write([&] {
      database->execute_later("insert into item values ($1)", {std::int64_t{100}});
      database->execute_later("insert into item values ($1)", {std::int64_t{1}});
    });
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Data) << error.what();
  }
  EXPECT_EQ(database->query("select count(*) from item")[0].integer(0), 50);
}

TEST(PostgresDatabaseTest, MendsTextThatServerCannotKeep) {
  PostgresDatabase postgres;
  const auto database = open_postgres(postgres.url(), "test", {.mends_text = true});
  EXPECT_EQ(database->query("select $1::text", {std::string("a\0b\xff" "c\xE2\x82\xAC", 8)})[0].text(0), "a\xEF\xBF\xBD" "b\xEF\xBF\xBD" "c\xE2\x82\xAC");
}

}  // namespace
}  // namespace lochan
