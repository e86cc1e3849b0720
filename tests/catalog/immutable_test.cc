#include "tests/catalog/lake_fixture.h"

namespace lochan {
namespace {

// `raw: { immutable: true }`: no object of the layer is ever overwritten or removed, through whatever engine.
class ImmutableTest : public LakeTest {
 protected:
  ImmutableTest() {
    open({{"raw"}, {}, 100, {}});
    publish_append("run-1", kSale, 11);
    catalog_->create_branch("run-2", BranchKind::Run);
  }

  void expect_refused(const Json& updates) {
    const TableCommit commit{kSale, Json::array(), updates};
    EXPECT_THROW(access("run-2", {kSale}).commit(std::vector{commit}), Forbidden) << updates;
  }
};

TEST_F(ImmutableTest, TakesAppends) {
  append("run-2", kSale, 12);
  EXPECT_TRUE(publish("run-2", {kSale}).published);
  EXPECT_EQ(catalog_->find("main", kSale)->data_version, "12");
}

TEST_F(ImmutableTest, RefusesSnapshotsThatRemove) {
  for (const char* operation : {"delete", "overwrite", "replace"})
    expect_refused(snapshot_commit(kSale, load("run-2", kSale), 12, operation).updates);
  Json lying = snapshot_commit(kSale, load("run-2", kSale), 12).updates;
  lying[0]["snapshot"]["summary"]["deleted-data-files"] = "1";
  expect_refused(lying);
}

TEST_F(ImmutableTest, RefusesToForgetOrGoBack) {
  append("run-2", kSale, 12);
  expect_refused(Json::array({{{"action", "remove-snapshots"}, {"snapshot-ids", {11}}}}));
  expect_refused(Json::array({{{"action", "remove-snapshot-ref"}, {"ref-name", "main"}}}));
  expect_refused(
      Json::array({{{"action", "set-snapshot-ref"}, {"ref-name", "main"}, {"type", "branch"}, {"snapshot-id", 11}}}));
}

TEST_F(ImmutableTest, RefusesDropAndReplace) {
  EXPECT_THROW(drop("run-2", kSale), Forbidden);
  EXPECT_THROW(access("run-2", {kSale}).create_table("raw", create_request("sale", true)), Forbidden);
  PublishRequest request;
  request.branch = "run-2";
  request.dropped = {kSale};
  EXPECT_THROW(catalog_->publish(request), Error);
}

TEST_F(ImmutableTest, WhatWasNeverPublishedMayGo) {
  const TableName other{"raw", "other"};
  make_table("run-2", other, 21);
  drop("run-2", other);
  make_table("run-2", other, 22);
  EXPECT_TRUE(publish("run-2", {other}).published);
}

}  // namespace
}  // namespace lochan
