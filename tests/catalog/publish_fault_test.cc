// Publishing when the disk is full, when others publish at the same moment, and when a reply is lost.
#include <atomic>
#include <set>
#include <thread>

#include "tests/catalog/lake_fixture.h"
#include "tests/support/passing_store.h"
#include "tests/support/test_state.h"

namespace lochan {
namespace {

// A store whose disk fills up.
class FillingStore final : public PassingStore {
 public:
  using PassingStore::PassingStore;
  void create(std::string_view name, std::string_view bytes) override {
    if (writes_left-- <= 0) throw Error(ErrorKind::Unavailable, "no space is left");
    PassingStore::create(name, bytes);
  }
  void sync() override {
    if (writes_left <= 0) throw Error(ErrorKind::Unavailable, "no space is left");
    PassingStore::sync();
  }

  std::atomic<int> writes_left = 1000;
};

using PublishFaultTest = LakeTest;

TEST_F(PublishFaultTest, FullDiskLeavesMainAsItWas) {
  FillingStore store(*store_);
  Catalog catalog(*state_, store, clock_, {});
  publish_append("run-1", kSale, 11);
  catalog_->create_branch("run-2", BranchKind::Run);
  append("run-2", kSale, 12);
  make_table("run-2", kDay, 21);
  PublishRequest request;
  request.branch = "run-2";
  request.tables = {{kSale, {}}, {kDay, {}}};
  for (const int writes : {0, 1, 2}) {  // before, between and after the files, when they are synced
    store.writes_left = writes;
    EXPECT_EQ(error_kind([&] { catalog.publish(request); }), ErrorKind::Unavailable);
    EXPECT_EQ(catalog.current_publication(), 1);
    EXPECT_EQ(catalog.find("main", kSale)->data_version, "11");
    EXPECT_FALSE(catalog.find("main", kDay));
  }
  store.writes_left = 1000;
  EXPECT_EQ(catalog.publish(request).publication, 2) << "there is nothing to repair";
}

TEST_F(PublishFaultTest, FullDiskUnderACommitIsSurelyNotCommitted) {
  FillingStore store(*store_);
  Catalog catalog(*state_, store, clock_, {});
  catalog.create_branch("run-1", BranchKind::Run);
  make_table("run-1", kSale, 11);
  TableAccess engine(catalog, catalog.grant_token({"run-1", true, {kSale}, ""}));
  const std::vector commit{snapshot_commit(kSale, *engine.load_table(kSale).metadata, 12)};
  store.writes_left = 0;
  EXPECT_EQ(error_kind([&] { engine.commit(commit); }), ErrorKind::Unavailable);
  store.writes_left = 1000;
  EXPECT_EQ(snapshot_ids(*engine.load_table(kSale).metadata), std::vector<std::int64_t>{11});
  engine.commit(commit);
  EXPECT_EQ(snapshot_ids(*engine.load_table(kSale).metadata), (std::vector<std::int64_t>{11, 12}));
}

// Each as a process of its own has it: a handle and a catalog, over one state.
TEST_F(PublishFaultTest, ProcessesThatPublishAtOnceAllSucceed) {
  constexpr int kProcesses = 6;
  SystemClock clock;
  const auto table_of = [](int i) { return TableName{"raw", "t" + std::to_string(i)}; };
  for (int i = 0; i < kProcesses; ++i) {
    catalog_->create_branch("run-" + std::to_string(i), BranchKind::Run);
    make_table("run-" + std::to_string(i), table_of(i), 100 + i);
  }
  std::atomic<int> published = 0;
  {
    std::vector<std::jthread> processes;
    for (int i = 0; i < kProcesses; ++i)
      processes.emplace_back([&, i] {
        const auto state = open_test_state(folder());
        Catalog catalog(*state, *store_, clock, {});
        PublishRequest request;
        request.branch = "run-" + std::to_string(i);
        request.tables = {{table_of(i), {}}};
        if (catalog.publish(request).published) ++published;
      });
  }
  EXPECT_EQ(published, kProcesses);
  EXPECT_EQ(catalog_->entries("main").size(), static_cast<std::size_t>(kProcesses));
  const auto publications = catalog_->publications(100);
  ASSERT_EQ(publications.size(), static_cast<std::size_t>(kProcesses));
  for (std::size_t i = 1; i < publications.size(); ++i) {
    EXPECT_LT(to_millis(publications[i].at), to_millis(publications[i - 1].at));
    for (const auto& change : catalog_->changes(publications[i].number))
      EXPECT_EQ(load("main", change.table)["last-updated-ms"], to_millis(publications[i].at))
          << "sealed for another instant";
  }
}

TEST_F(PublishFaultTest, TwoRunsOfOneTableOneConflicts) {
  publish_append("run-1", kSale, 11);
  for (const char* run : {"run-2", "run-3"}) catalog_->create_branch(run, BranchKind::Run);
  append("run-2", kSale, 12);
  append("run-3", kSale, 13);
  std::atomic<int> published = 0, conflicts = 0;
  {
    std::vector<std::jthread> processes;
    for (const char* run : {"run-2", "run-3"})
      processes.emplace_back([&, run] {
        PublishRequest request;
        request.branch = run;
        request.tables = {{kSale, {}}};
        const PublishOutcome outcome = catalog_->publish(request);
        published += outcome.published ? 1 : 0;
        conflicts += static_cast<int>(outcome.conflicts.size());
      });
  }
  EXPECT_EQ(published, 1);
  EXPECT_EQ(conflicts, 1);
  EXPECT_EQ(snapshot_ids(load("main", kSale)).size(), 2U);
}

}  // namespace
}  // namespace lochan
