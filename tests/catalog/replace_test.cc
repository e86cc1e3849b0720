#include "tests/catalog/lake_fixture.h"

namespace lochan {
namespace {

// Retyped, reordered, one column gone and two new ones, another partitioning.
Json new_shape() {
  Json request = create_request("sale", true);
  request["schema"] = schema_request(
      {{"name", "int"},
       {"lines", {{"type", "list"}, {"element-id", 9}, {"element", "long"}, {"element-required", false}}},
       {"id", "string"},
       {"dt", "date"}});
  request["partition-spec"] = {
      {"spec-id", 0}, {"fields", {{{"name", "dt"}, {"transform", "identity"}, {"source-id", 4}, {"field-id", 1000}}}}};
  return request;
}

class ReplaceTest : public LakeTest {
 protected:
  ReplaceTest() {
    publish_append("run-1", kSale, 11);
    publish_append("run-2", kSale, 12);
    catalog_->create_branch("run-3", BranchKind::Run);
  }

  Json stage() { return *access("run-3", {kSale}).create_table("raw", new_shape()).metadata; }
};

TEST_F(ReplaceTest, AnswerLooksLikeANewTable) {
  const Json old = load("main", kSale);
  const Json staged = stage();
  ASSERT_EQ(staged["schemas"].size(), 1U);
  EXPECT_EQ(staged["schemas"][0]["schema-id"], 0);
  EXPECT_EQ(staged["current-schema-id"], 0);
  EXPECT_TRUE(staged["snapshots"].empty());
  EXPECT_TRUE(staged["snapshot-log"].empty());
  EXPECT_TRUE(staged["metadata-log"].empty());
  EXPECT_FALSE(staged.contains("current-snapshot-id"));
  EXPECT_EQ(staged["table-uuid"], old["table-uuid"]);
  EXPECT_EQ(staged["last-sequence-number"], old["last-sequence-number"]);
  EXPECT_EQ(staged["location"], old["location"]);
}

TEST_F(ReplaceTest, FieldIdsAreMappedByName) {
  const Json fields = stage()["schemas"][0]["fields"];
  EXPECT_EQ(fields[0]["id"], 2) << "name";
  EXPECT_EQ(fields[1]["id"], 3) << "lines is new";
  EXPECT_EQ(fields[2]["id"], 1) << "id";
  EXPECT_EQ(fields[3]["id"], 4) << "dt is new";
  EXPECT_EQ(fields[1]["type"]["element-id"], 5);
}

TEST_F(ReplaceTest, SpecHasTheIdThatItKeeps) {
  const Json staged = stage();
  EXPECT_EQ(staged["default-spec-id"], 1) << "0 is the old table's, and manifests name theirs";
  ASSERT_EQ(staged["partition-specs"].size(), 1U);
  EXPECT_EQ(staged["partition-specs"][0]["spec-id"], 1);
  EXPECT_EQ(staged["partition-specs"][0]["fields"][0]["source-id"], 4);
}

TEST_F(ReplaceTest, CommitJoinsItToTheOldHistory) {
  drop("run-3", kSale);
  const Json staged = stage();
  access("run-3", {kSale}).commit(std::vector{create_commit(kSale, staged, 13)});
  EXPECT_EQ(catalog_->find("run-3", kSale)->columns[0], (Column{"name", "INTEGER", true}));
  EXPECT_TRUE(publish("run-3", {kSale}).published);
  const Json main = load("main", kSale);
  EXPECT_EQ(snapshot_ids(main), (std::vector<std::int64_t>{11, 12, 13}));
  EXPECT_EQ(log_ids(main), (std::vector<std::int64_t>{11, 12, 13}));
  EXPECT_EQ(main["snapshots"][0]["schema-id"], 0);
  EXPECT_EQ(main["snapshots"][2]["schema-id"], 1) << "the client called it 0";
  EXPECT_EQ(main["current-schema-id"], 1);
  EXPECT_EQ(main["snapshots"][2]["sequence-number"], 3);
  EXPECT_FALSE(main["snapshots"][2].contains("parent-snapshot-id"));
  EXPECT_EQ(main["schemas"].size(), 2U);
  EXPECT_EQ(main["partition-specs"].size(), 2U);
  EXPECT_EQ(main["default-spec-id"], 1);
}

TEST_F(ReplaceTest, WithTheSameShapeKeepsItsSchema) {
  drop("run-3", kSale);
  make_table("run-3", kSale, 13);
  publish("run-3", {kSale});
  const Json main = load("main", kSale);
  EXPECT_EQ(main["schemas"].size(), 1U);
  EXPECT_EQ(main["partition-specs"].size(), 1U);
  EXPECT_EQ(main["current-snapshot-id"], 13);
}

// DuckDB 1.5.5 shows the last snapshot of a table that has some and none that is current.
TEST_F(ReplaceTest, WithNoRowsShowsNone) {
  drop("run-3", kSale);
  make_table("run-3", kSale, 0);
  EXPECT_TRUE(load("run-3", kSale)["snapshots"].empty());
  publish("run-3", {kSale});
  const Json main = load("main", kSale);
  EXPECT_TRUE(main["snapshots"].empty());
  EXPECT_TRUE(main["snapshot-log"].empty());
  EXPECT_FALSE(main.contains("current-snapshot-id"));
  EXPECT_EQ(main["last-sequence-number"], 2);
  EXPECT_EQ(catalog_->find("main", kSale)->data_version, "0");
  EXPECT_EQ(catalog_->find("at-2", kSale)->data_version, "12");
}

TEST_F(ReplaceTest, WhoDoesNotKnowOfTheTableIsTold) {
  EXPECT_EQ(error_kind([&] { access("run-3", {kSale}).create_table("raw", create_request("sale", false)); }),
            ErrorKind::Conflict);
  EXPECT_EQ(error_kind([&] { access("main", {kSale}).create_table("raw", create_request("sale", true)); }),
            ErrorKind::Conflict);
}

TEST_F(ReplaceTest, WithoutStagingTakesTwoSteps) {
  drop("run-3", kSale);
  TableAccess engine = access("run-3", {kSale});
  Json request = new_shape();
  request["stage-create"] = false;
  const LoadedMetadata made = engine.create_table("raw", request);
  EXPECT_EQ((*made.metadata)["schemas"][0]["schema-id"], 0);
  append("run-3", kSale, 13);
  publish("run-3", {kSale});
  EXPECT_EQ(snapshot_ids(load("main", kSale)), (std::vector<std::int64_t>{11, 12, 13}));
  EXPECT_EQ(load("main", kSale)["snapshots"][2]["schema-id"], 1);
}

TEST_F(ReplaceTest, OfATableMadeOnTheBranchAloneIsANewOne) {
  const TableName fresh{"raw", "fresh"};
  make_table("run-3", fresh, 31);
  const Json first = load("run-3", fresh);
  drop("run-3", fresh);
  make_table("run-3", fresh, 32);
  EXPECT_NE(load("run-3", fresh)["table-uuid"], first["table-uuid"]);
  publish("run-3", {fresh});
  EXPECT_EQ(snapshot_ids(load("main", fresh)), std::vector<std::int64_t>{32});
}

}  // namespace
}  // namespace lochan
