#include "run/leases.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/migration.h"
#include "base/postgres_database.h"
#include "catalog/catalog.h"
#include "run/journal.h"
#include "tests/support/postgres_server.h"

namespace lochan {
namespace {

class LeasesTest : public testing::Test {
 protected:
  LeasesTest() { migrate(*state_, Journal::migrations()); }
  std::unique_ptr<Database> open() const { return open_postgres(server_.url(), "state", {.schema = "shop"}); }
  std::optional<std::int64_t> take(const std::string& holder) {
    std::optional<std::int64_t> token;
    state_->write([&] { token = leases_.take("run-1", holder); });
    return token;
  }
  // As if its holder had stood still for long.
  void let_it_run_out() { state_->execute("update lease set expires_at = 1 where name = 'run-1'"); }

  const PostgresDatabase server_;
  const std::unique_ptr<Database> state_ = open();
  Leases leases_{*state_, std::chrono::milliseconds{50}};  // shorter than the server has been up
};

TEST_F(LeasesTest, WhoTakesOneThatRanOutHasAHigherToken) {
  Leases patient(*state_, std::chrono::hours{1});
  std::optional<std::int64_t> first;
  state_->write([&] { first = patient.take("run-1", "a"); });
  EXPECT_EQ(first, 1);
  EXPECT_FALSE(leases_.has_run_out("run-1"));
  EXPECT_EQ(take("b"), std::nullopt);
  let_it_run_out();
  EXPECT_TRUE(leases_.has_run_out("run-1"));
  EXPECT_EQ(take("b"), 2);
  EXPECT_FALSE(leases_.is_current("run-1", 1));
  EXPECT_FALSE(leases_.renew("run-1", 1));
  EXPECT_TRUE(leases_.renew("run-1", 2));
}

TEST_F(LeasesTest, ServersOwnStartGivesHoldersTimeToComeBack) {
  Leases patient(*state_, std::chrono::hours{24 * 365});  // the server was started within it
  state_->write([&] { patient.take("run-1", "a"); });
  let_it_run_out();
  EXPECT_FALSE(patient.has_run_out("run-1"));
  EXPECT_TRUE(leases_.has_run_out("run-1"));
}

TEST_F(LeasesTest, OneThatWasLetGoIsTakenAtOnce) {
  Leases patient(*state_, std::chrono::hours{1});
  state_->write([&] { patient.take("run-1", "a"); });
  state_->write([&] { patient.let_go("run-1", 1); });
  std::optional<std::int64_t> token;
  state_->write([&] { token = patient.take("run-1", "b"); });
  EXPECT_EQ(token, 2);
}

TEST_F(LeasesTest, RenewsWhileAnotherOneWrites) {
  ASSERT_EQ(take("a"), 1);
  state_->write([&] {
    std::jthread([&] { EXPECT_TRUE(leases_.renew("run-1", 1)); }).join();
  });
}

TEST_F(LeasesTest, HeldOneIsRenewedAndThenRefusedOnceTaken) {
  Leases leases(*state_, std::chrono::seconds{3});
  std::optional<std::int64_t> token;
  state_->write([&] { token = leases.take("run-1", "a"); });
  const HeldLease held(leases, "run-1", *token);
  state_->write([&] { held.require(); });
  state_->execute("update lease set token = token + 1");
  EXPECT_THROW(state_->write([&] {
    held.require();
    state_->execute("update lease set holder = 'never'");
  }),
               Error);
  EXPECT_TRUE(state_->query("select 1 from lease where holder = 'never'").empty());
  while (!held.is_lost()) std::this_thread::sleep_for(std::chrono::milliseconds{10});
}

TEST(SharedStateTest, HostsThatStartAtOnceMigrateOnce) {
  const PostgresDatabase server;
  std::vector<Migration> both(Catalog::migrations().begin(), Catalog::migrations().end());
  both.insert(both.end(), Journal::migrations().begin(), Journal::migrations().end());
  {
    std::vector<std::jthread> hosts;
    for (int i = 0; i < 6; ++i)
      hosts.emplace_back([&] {
        const auto state = open_postgres(server.url(), "state", {.schema = "shop"});
        migrate(*state, both);
      });
  }
  const auto state = open_postgres(server.url(), "state", {.schema = "shop"});
  std::set<std::string> parts;
  for (const Migration& migration : both) parts.emplace(migration.part);
  EXPECT_EQ(state->query("select count(*) from schema_version")[0].integer(0), static_cast<std::int64_t>(parts.size()));
  EXPECT_EQ(state->query("select version from schema_version where part = 'run'")[0].integer(0), Journal::migrations().back().version);
}

TEST(SharedStateTest, ProjectsShareADatabaseBySchemas) {
  const PostgresDatabase server;
  const auto shop = open_postgres(server.url(), "state", {.schema = "shop"});
  const auto bakery = open_postgres(server.url(), "state", {.schema = "bakery"});
  migrate(*shop, Journal::migrations());
  migrate(*bakery, Journal::migrations());
  shop->execute("insert into lake(location) values ('s')");
  EXPECT_TRUE(bakery->query("select 1 from lake").empty());
  // Each has a writer of its own.
  shop->write([&] { std::jthread([&] { bakery->write([&] { bakery->execute("insert into lake(location) values ('b')"); }); }).join(); });
}

}  // namespace
}  // namespace lochan
