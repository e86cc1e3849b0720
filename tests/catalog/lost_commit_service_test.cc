// A publish whose commit's answer is lost on the way from PostgreSQL: it is looked up, and never made twice.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <thread>

#include "base/error.h"
#include "base/postgres_database.h"
#include "tests/catalog/lake_fixture.h"
#include "tests/support/proxy.h"
#include "tests/support/test_state.h"

namespace lochan {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

struct InPostgres {
  InPostgres() { ::setenv("LOCHAN_TEST_STATE", "postgresql", 1); }
};

int port_of(const std::string& url) {
  const auto colon = url.rfind(':');
  return std::stoi(url.substr(colon + 1));
}

class LostCommit : private InPostgres, public LakeTest {
 protected:
  LostCommit() : config_(test_state(folder_)), proxy_(port_of(config_.url)), direct_(std::move(state_)) {
    state_ = open_postgres(proxy_.through(config_.url), "state",
                           {.schema = config_.schema, .patience = 30s, .longest_pause = 10s, .mends_text = true});
    open();
    publish_append("run-1", kSale, 101);
    catalog_->create_branch("run-2", BranchKind::Run);
    append("run-2", kSale, 102);
  }
  ~LostCommit() override { catalog_.reset(); }

  std::int64_t publications() const { return direct_->query("select count(*) from publication")[0].integer(0); }
  // The way is cut, and is there again when the server has done what it is to do.
  std::jthread mend_when(std::function<bool()> is_done) {
    return std::jthread([this, is_done = std::move(is_done)] {
      for (int i = 0; i < 400 && !is_done(); ++i) std::this_thread::sleep_for(50ms);
      proxy_.restore();
    });
  }
  PublishRequest request(std::function<void(std::int64_t)> also) {
    PublishRequest request;
    request.branch = "run-2";
    request.run = 2;
    request.author = "anna";
    request.message = "run";
    request.tables = {{.table = kSale, .properties = {}}};
    request.also = std::move(also);
    return request;
  }

  const StateConfig config_;
  const Proxy proxy_;
  std::unique_ptr<Database> direct_;  // to the same rows, past the proxy
};

TEST_F(LostCommit, IsLookedUpWhenTheServerHasCommitted) {
  std::jthread mending;
  int transactions = 0;
  const PublishOutcome outcome = catalog_->publish(request([&](std::int64_t publication) {
    ++transactions;
    proxy_.cut_after(0);  // what is sent arrives; no answer does
    mending = mend_when([this, publication] { return publications() == publication; });
  }));
  EXPECT_TRUE(outcome.published);
  EXPECT_EQ(outcome.publication, 2);
  EXPECT_EQ(transactions, 1) << "it is looked up, not made again";
  EXPECT_EQ(publications(), 2);
  EXPECT_EQ(snapshot_ids(load("main", kSale)), (std::vector<std::int64_t>{101, 102}));
}

TEST_F(LostCommit, IsMadeAgainWhenTheServerHasNot) {
  std::jthread mending;
  int transactions = 0;
  const PublishOutcome outcome = catalog_->publish(request([&](std::int64_t) {
    if (++transactions > 1) return;
    proxy_.cut();  // nothing that is sent arrives
    mending = mend_when([] { return true; });
  }));
  EXPECT_TRUE(outcome.published);
  EXPECT_EQ(outcome.publication, 2);
  EXPECT_EQ(transactions, 2);
  EXPECT_EQ(publications(), 2);
  EXPECT_EQ(snapshot_ids(load("main", kSale)), (std::vector<std::int64_t>{101, 102}));
}

}  // namespace
}  // namespace lochan
