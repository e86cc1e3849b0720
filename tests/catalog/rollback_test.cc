#include "tests/catalog/lake_fixture.h"

namespace lochan {
namespace {

using RollbackTest = LakeTest;

TEST_F(RollbackTest, IsANewPublicationWithTheOldEntries) {
  publish_append("run-1", kSale, 11);
  publish_append("run-2", kSale, 12);
  publish_append("run-3", kDay, 21);
  clock_.advance(std::chrono::seconds{1});
  std::int64_t told = 0;
  EXPECT_EQ(catalog_->rollback(1, "anna", [&](std::int64_t number) { told = number; }), 4);
  EXPECT_EQ(told, 4);
  EXPECT_EQ(names("main"), std::vector<std::string>{"raw.sale"});
  EXPECT_EQ(catalog_->find("main", kSale)->data_version, "11");
  EXPECT_EQ(catalog_->find("at-3", kSale)->data_version, "12");
  EXPECT_EQ(catalog_->publications(1)[0].message, "rollback to 1");
}

TEST_F(RollbackTest, HoldsTheTablesItChanged) {
  publish_append("run-1", kSale, 11);
  publish_append("run-2", kDay, 21);
  publish_append("run-3", kDay, 22);
  catalog_->rollback(2, "anna", {});
  EXPECT_EQ(catalog_->held_tables(), std::vector{kDay});
  const std::vector released{kDay};
  catalog_->release_held(released);
  EXPECT_TRUE(catalog_->held_tables().empty());
}

TEST_F(RollbackTest, SequenceNumbersAndTimesOnlyGrow) {
  publish_append("run-1", kSale, 11);
  publish_append("run-2", kSale, 12);
  const Json before = load("main", kSale);
  catalog_->rollback(1, "anna", {});
  const Json after = load("main", kSale);
  EXPECT_EQ(after["current-snapshot-id"], 11);
  EXPECT_EQ(after["last-sequence-number"], before["last-sequence-number"]);
  EXPECT_GT(after["last-updated-ms"], before["last-updated-ms"]);
  EXPECT_EQ(log_ids(after), (std::vector<std::int64_t>{11, 12, 11})) << "what main pointed to, and when";
  publish_append("run-3", kSale, 13);
  EXPECT_EQ(load("main", kSale)["snapshots"].back()["sequence-number"], 3);
  EXPECT_EQ(load("main", kSale)["snapshots"].back()["parent-snapshot-id"], 11);
}

TEST_F(RollbackTest, BringsBackSchemaAndProperties) {
  publish_append("run-1", kSale, 11);
  catalog_->create_branch("run-2", BranchKind::Run);
  drop("run-2", kSale);
  make_table("run-2", kSale, 12, {{"schema", schema_request({{"other", "date"}})}});
  clock_.advance(std::chrono::seconds{1});
  PublishRequest request;
  request.branch = "run-2";
  request.tables = {{kSale, {{"lochan.fingerprint", "bad"}}}};
  catalog_->publish(request);
  catalog_->rollback(1, "anna", {});
  const Entry entry = *catalog_->find("main", kSale);
  EXPECT_EQ(entry.columns.size(), 2U);
  EXPECT_FALSE(entry.properties.contains("lochan.fingerprint"));
  EXPECT_EQ(load("main", kSale)["current-schema-id"], 0);
}

TEST_F(RollbackTest, BringsBackWhatWasDropped) {
  publish_append("run-1", kSale, 11);
  catalog_->create_branch("run-2", BranchKind::Run);
  clock_.advance(std::chrono::seconds{1});
  PublishRequest request;
  request.branch = "run-2";
  request.dropped = {kSale};
  catalog_->publish(request);
  catalog_->rollback(1, "anna", {});
  EXPECT_EQ(catalog_->find("main", kSale)->data_version, "11");
  publish_append("run-3", kSale, 12);
  EXPECT_EQ(catalog_->find("main", kSale)->data_version, "12");
}

TEST_F(RollbackTest, BringsBackASnapshotThatLeftTheMetadata) {
  open({{}, {}, 2, {}});
  for (const std::int64_t snapshot : {11, 12, 13, 14})
    publish_append("run-" + std::to_string(snapshot), kSale, snapshot);
  EXPECT_EQ(snapshot_ids(load("main", kSale)), (std::vector<std::int64_t>{13, 14}));
  catalog_->rollback(1, "anna", {});
  const Json main = load("main", kSale);
  EXPECT_EQ(main["current-snapshot-id"], 11);
  EXPECT_EQ(snapshot_ids(main), (std::vector<std::int64_t>{13, 14, 11}));
}

TEST_F(RollbackTest, RunThatStartedBeforeItConflicts) {
  publish_append("run-1", kSale, 11);
  publish_append("run-2", kSale, 12);
  catalog_->create_branch("run-3", BranchKind::Run);
  append("run-3", kSale, 13);
  catalog_->rollback(1, "anna", {});
  EXPECT_EQ(publish("run-3", {kSale}).conflicts, std::vector{kSale}) << "or the bad data would be back";
}

TEST_F(RollbackTest, ToWhatIsNotThereIsRefused) {
  publish_append("run-1", kSale, 11);
  EXPECT_EQ(error_kind([&] { catalog_->rollback(7, "anna", {}); }), ErrorKind::NotFound);
  catalog_->rollback(0, "anna", {});
  EXPECT_TRUE(names("main").empty());
}

}  // namespace
}  // namespace lochan
