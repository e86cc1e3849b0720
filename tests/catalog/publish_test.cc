#include "tests/catalog/lake_fixture.h"

namespace lochan {
namespace {

using PublishTest = LakeTest;

TEST_F(PublishTest, SealsMainsSnapshotsAndOnlyTheBranchesLast) {
  publish_append("run-1", kSale, 11);
  catalog_->create_branch("run-2", BranchKind::Run);
  append("run-2", kSale, 12);
  append("run-2", kSale, 13);
  EXPECT_EQ(publish("run-2", {kSale}).publication, 2);

  const Json main = load("main", kSale);
  EXPECT_EQ(snapshot_ids(main), (std::vector<std::int64_t>{11, 13}));
  EXPECT_EQ(log_ids(main), (std::vector<std::int64_t>{11, 13}));
  EXPECT_EQ(main["current-snapshot-id"], 13);
  EXPECT_EQ(main["refs"]["main"]["snapshot-id"], 13);
  EXPECT_EQ(main["snapshots"][1]["parent-snapshot-id"], 11) << "12 was never published";
  EXPECT_EQ(main["snapshots"][1]["sequence-number"], 3) << "as its manifests have it";
  EXPECT_EQ(main["last-sequence-number"], 3);
  EXPECT_EQ(main["snapshots"][1]["summary"]["operation"], "overwrite") << "two appends in one";
  EXPECT_EQ(main["snapshots"][1]["summary"]["added-records"], "2");
}

TEST_F(PublishTest, MetadataLogNamesOnlyWhatMainPointedTo) {
  publish_append("run-1", kSale, 11);
  const std::string first = catalog_->find("main", kSale)->metadata_location;
  const Json first_time = load("main", kSale)["last-updated-ms"];
  catalog_->create_branch("run-2", BranchKind::Run);
  append("run-2", kSale, 12);
  append("run-2", kSale, 13);
  publish("run-2", {kSale});
  EXPECT_EQ(load("main", kSale)["metadata-log"],
            Json::array({{{"metadata-file", first}, {"timestamp-ms", first_time}}}));
}

TEST_F(PublishTest, IsOneInstantForAllTables) {
  catalog_->create_branch("run-1", BranchKind::Run);
  make_table("run-1", kSale, 11);
  clock_.advance(std::chrono::seconds{5});
  make_table("run-1", kDay, 21);
  publish("run-1", {kSale, kDay});
  const std::int64_t instant = to_millis(catalog_->publications(1)[0].at);
  for (const TableName& table : {kSale, kDay}) {
    const Json main = load("main", table);
    EXPECT_EQ(main["last-updated-ms"], instant);
    EXPECT_EQ(main["snapshots"][0]["timestamp-ms"], instant);
    EXPECT_EQ(main["snapshot-log"][0]["timestamp-ms"], instant);
  }
}

TEST_F(PublishTest, InstantsGrowWhenTheClockGoesBack) {
  publish_append("run-1", kSale, 11);
  clock_.advance(-std::chrono::hours{1});
  publish_append("run-2", kSale, 12);
  const auto publications = catalog_->publications(2);
  EXPECT_GT(to_millis(publications[0].at), to_millis(publications[1].at));
  EXPECT_EQ(load("main", kSale)["last-updated-ms"], to_millis(publications[0].at));
}

TEST_F(PublishTest, ConflictNamesTheTableThatMoved) {
  publish_append("run-1", kSale, 11);
  catalog_->create_branch("run-2", BranchKind::Run);
  append("run-2", kSale, 12);
  make_table("run-2", kDay, 21);
  publish_append("run-3", kSale, 13);
  const PublishOutcome outcome = publish("run-2", {kSale, kDay});
  EXPECT_FALSE(outcome.published);
  EXPECT_EQ(outcome.conflicts, std::vector{kSale});
  EXPECT_EQ(names("main"), std::vector<std::string>{"raw.sale"}) << "nothing of it was published";
  EXPECT_EQ(catalog_->current_publication(), 2);
}

TEST_F(PublishTest, ConflictsOnATableThatAnErrorCheckRead) {
  publish_append("run-1", kSale, 11);
  catalog_->create_branch("run-2", BranchKind::Run);
  make_table("run-2", kDay, 21);
  publish_append("run-3", kSale, 12);
  EXPECT_EQ(publish("run-2", {kDay}, {kSale}).conflicts, std::vector{kSale});
  EXPECT_TRUE(publish("run-2", {kDay}).published) << "without the check it is none of its business";
}

TEST_F(PublishTest, CompactionOfAGuardIsNoConflict) {
  publish_append("run-1", kSale, 11);
  catalog_->create_branch("run-2", BranchKind::Run);
  make_table("run-2", kDay, 21);
  catalog_->create_branch("tend", BranchKind::Run);
  append("tend", kSale, 12, "replace");
  publish("tend", {kSale});
  EXPECT_TRUE(publish("run-2", {kDay}, {kSale}).published);
}

TEST_F(PublishTest, CompactionKeepsTheDataVersion) {
  publish_append("run-1", kSale, 11);
  catalog_->create_branch("tend", BranchKind::Run);
  append("tend", kSale, 12, "overwrite");
  append("tend", kSale, 13, "overwrite");
  clock_.advance(std::chrono::seconds{1});
  PublishRequest request;
  request.branch = "tend";
  request.tables = {{kSale, {}, true}};
  EXPECT_TRUE(catalog_->publish(request).published);
  EXPECT_EQ(catalog_->find("main", kSale)->data_version, "11");
  EXPECT_EQ(load("main", kSale)["current-snapshot-id"], 13);
  publish_append("run-2", kSale, 14);
  EXPECT_EQ(catalog_->find("main", kSale)->data_version, "14");
}

TEST_F(PublishTest, AlsoRunsInTheTransaction) {
  catalog_->create_branch("run-1", BranchKind::Run);
  make_table("run-1", kSale, 11);
  PublishRequest request;
  request.branch = "run-1";
  request.tables = {{kSale, {{"lochan.cursor", "7"}}}};
  request.also = [](std::int64_t) { throw Error(ErrorKind::Unavailable, "the disk is full"); };
  EXPECT_EQ(error_kind([&] { catalog_->publish(request); }), ErrorKind::Unavailable);
  EXPECT_EQ(catalog_->current_publication(), 0);
  EXPECT_TRUE(names("main").empty());
  std::int64_t told = 0;
  request.also = [&](std::int64_t publication) { told = publication; };
  EXPECT_TRUE(catalog_->publish(request).published);
  EXPECT_EQ(told, 1);
  EXPECT_EQ(catalog_->find("main", kSale)->properties.at("lochan.cursor"), "7");
  EXPECT_EQ(load("main", kSale)["properties"]["lochan.cursor"], "7") << "the file is its home";
}

TEST_F(PublishTest, PublishesPropertiesOfATableThatDidNotMove) {
  publish_append("run-1", kSale, 11);
  catalog_->create_branch("run-2", BranchKind::Run);
  clock_.advance(std::chrono::seconds{1});
  PublishRequest request;
  request.branch = "run-2";
  request.tables = {{kSale, {{"lochan.fingerprint", "f2"}}}};
  EXPECT_TRUE(catalog_->publish(request).published);
  EXPECT_EQ(catalog_->find("main", kSale)->data_version, "11");
  EXPECT_EQ(catalog_->find("main", kSale)->properties.at("lochan.fingerprint"), "f2");
  EXPECT_EQ(snapshot_ids(load("main", kSale)), std::vector<std::int64_t>{11});
}

TEST_F(PublishTest, ABranchIsPublishedOnce) {
  publish_append("run-1", kSale, 11);
  EXPECT_EQ(error_kind([&] { publish("run-1", {}); }), ErrorKind::Conflict);
}

TEST_F(PublishTest, MovesViewsAndDrops) {
  publish_append("run-1", kSale, 11);
  catalog_->create_branch("run-2", BranchKind::Run);
  clock_.advance(std::chrono::seconds{1});
  PublishRequest request;
  request.branch = "run-2";
  request.views = {{kDay, "select 1 as n", {{"n", "INTEGER", true}}, "v1", {}}};
  request.dropped = {kSale};
  EXPECT_EQ(catalog_->publish(request).publication, 2);
  EXPECT_EQ(names("main"), std::vector<std::string>{"mart.day"});
  EXPECT_EQ(names("at-1"), std::vector<std::string>{"raw.sale"});
  const auto changes = catalog_->changes(2);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(to_string(changes[0].table) + " " + changes[0].kind, "mart.day created");
  EXPECT_EQ(to_string(changes[1].table) + " " + changes[1].kind, "raw.sale dropped");
}

TEST_F(PublishTest, RunOfANamedBranchMovesItsTablesThereAndLaterToMain) {
  publish_append("run-1", kSale, 11);
  catalog_->create_branch("dev-anna", BranchKind::Named);
  for (const std::int64_t snapshot : {12, 13}) {
    const std::string run = "run-" + std::to_string(snapshot);
    catalog_->create_branch(run, BranchKind::Run, "dev-anna");
    append(run, kSale, snapshot);
    clock_.advance(std::chrono::seconds{1});
    PublishRequest request;
    request.branch = run;
    request.tables = {{kSale, {{"lochan.run", run}}}};
    const PublishOutcome outcome = catalog_->publish(request);
    EXPECT_TRUE(outcome.published);
    EXPECT_FALSE(outcome.publication);
  }
  EXPECT_EQ(catalog_->find("dev-anna", kSale)->data_version, "13");
  EXPECT_EQ(catalog_->find("dev-anna", kSale)->properties.at("lochan.run"), "run-13");
  EXPECT_EQ(catalog_->find("main", kSale)->data_version, "11");
  EXPECT_EQ(publish("dev-anna", {kSale}).publication, 2);
  EXPECT_EQ(snapshot_ids(load("main", kSale)), (std::vector<std::int64_t>{11, 13}));
}

TEST_F(PublishTest, RunsOfANamedBranchConflictThere) {
  publish_append("run-1", kSale, 11);
  catalog_->create_branch("dev", BranchKind::Named);
  catalog_->create_branch("run-2", BranchKind::Run, "dev");
  catalog_->create_branch("run-3", BranchKind::Run, "dev");
  append("run-2", kSale, 12);
  append("run-3", kSale, 13);
  EXPECT_TRUE(publish("run-2", {kSale}).published);
  EXPECT_EQ(publish("run-3", {kSale}).conflicts, std::vector{kSale});
}

// A crash after the files and before the transaction: they are there, and nothing names them.
TEST_F(PublishTest, CrashBeforeTheSwapLeavesMainAsItWas) {
  publish_append("run-1", kSale, 11);
  const Entry before = *catalog_->find("main", kSale);
  catalog_->create_branch("run-2", BranchKind::Run);
  append("run-2", kSale, 12);
  PublishRequest request;
  request.branch = "run-2";
  request.tables = {{kSale, {}}};
  request.also = [](std::int64_t) { throw std::runtime_error("killed"); };
  EXPECT_THROW(catalog_->publish(request), std::runtime_error);
  open();
  EXPECT_EQ(catalog_->find("main", kSale)->metadata_location, before.metadata_location);
  EXPECT_EQ(catalog_->find_branch("run-2")->state, BranchState::Open);
  EXPECT_TRUE(publish("run-2", {kSale}).published);
}

}  // namespace
}  // namespace lochan
