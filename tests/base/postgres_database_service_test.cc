#include "base/postgres_database.h"

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

}  // namespace
}  // namespace lochan
