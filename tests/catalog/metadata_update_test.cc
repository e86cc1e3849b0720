#include "catalog/metadata_update.h"

#include "catalog/requirement.h"
#include "catalog/table_metadata.h"
#include "tests/catalog/lake_fixture.h"

namespace lochan {
namespace {

constexpr const char* kLocation = "file:///lake/raw/sale";

Json table() { return new_table_metadata(create_request("sale", true), kLocation, 1000); }

Json updated(Json metadata, const Json& updates, std::int64_t now_ms = 2000) {
  MetadataUpdate update(std::move(metadata), now_ms);
  update.apply(updates);
  return std::move(update).finish();
}

Json with_snapshot(const Json& metadata, std::int64_t id) {
  return updated(metadata, snapshot_commit(kSale, metadata, id).updates);
}

TEST(NewTable, GetsFreshIds) {
  Json request = create_request("sale", true);
  request["schema"] =
      schema_request({{"id", "long"}, {"address", {{"type", "struct"}, {"fields", Json::array()}}}, {"dt", "date"}});
  request["schema"]["fields"][0]["id"] = 40;
  request["schema"]["fields"][1]["type"]["fields"].push_back(
      {{"id", 7}, {"name", "city"}, {"required", false}, {"type", "string"}});
  request["schema"]["identifier-field-ids"] = {40};
  request["partition-spec"] = {{"fields", {{{"source-id", 3}, {"name", "dt"}, {"transform", "identity"}}}}};
  const Json metadata = new_table_metadata(request, kLocation, 1000);
  const Json& fields = metadata["schemas"][0]["fields"];
  EXPECT_EQ(fields[0]["id"], 1);
  EXPECT_EQ(fields[1]["id"], 2);
  EXPECT_EQ(fields[2]["id"], 3) << "a level comes before what is below it";
  EXPECT_EQ(fields[1]["type"]["fields"][0]["id"], 4);
  EXPECT_EQ(metadata["schemas"][0]["identifier-field-ids"], Json::array({1}));
  EXPECT_EQ(metadata["last-column-id"], 4);
  EXPECT_EQ(metadata["partition-specs"][0]["fields"][0]["field-id"], 1000);
  EXPECT_EQ(metadata["last-partition-id"], 1000);
  EXPECT_EQ(metadata["location"], kLocation);
  EXPECT_EQ(metadata["format-version"], 2);
}

TEST(NewTable, RefusesPlacesOfItsOwn) {
  for (const char* key : {"write.data.path", "write.metadata.path"}) {
    Json request = create_request("sale", true);
    request["properties"][key] = "file:///elsewhere";
    EXPECT_EQ(error_kind([&] { new_table_metadata(request, kLocation, 1); }), ErrorKind::Usage) << key;
  }
}

TEST(MetadataUpdateTest, MinusOneIsTheLastAdded) {
  Json schema = schema_request({{"id", "long"}, {"name", "string"}, {"more", "date"}});
  const Json metadata = updated(table(), Json::array({{{"action", "add-schema"}, {"schema", schema}},
                                                      {{"action", "set-current-schema"}, {"schema-id", -1}}}));
  EXPECT_EQ(metadata["current-schema-id"], 1);
  EXPECT_EQ(metadata["last-column-id"], 3);
  EXPECT_EQ(metadata["last-updated-ms"], 2000);
  EXPECT_EQ(error_kind([] { updated(table(), Json::array({{{"action", "set-current-schema"}, {"schema-id", -1}}})); }),
            ErrorKind::Usage);
}

TEST(MetadataUpdateTest, EqualSchemaAndSpecAreReused) {
  const Json metadata =
      updated(table(), Json::array({{{"action", "add-schema"}, {"schema", table()["schemas"][0]}},
                                    {{"action", "set-current-schema"}, {"schema-id", -1}},
                                    {{"action", "add-spec"}, {"spec", {{"spec-id", 5}, {"fields", Json::array()}}}},
                                    {{"action", "set-default-spec"}, {"spec-id", 5}}}));
  EXPECT_EQ(metadata["schemas"].size(), 1U);
  EXPECT_EQ(metadata["partition-specs"].size(), 1U);
  EXPECT_EQ(metadata["default-spec-id"], 0) << "the client called it 5";
}

TEST(MetadataUpdateTest, MakesNoSenseIsABadRequest) {
  const Json metadata = with_snapshot(table(), 11);
  const std::vector<Json> cases{
      {{"action", "moon"}},
      {{"act", "add-schema"}},
      {{"action", "add-schema"}},
      {{"action", "assign-uuid"}, {"uuid", "another"}},
      {{"action", "upgrade-format-version"}, {"format-version", 3}},
      {{"action", "set-current-schema"}, {"schema-id", 9}},
      {{"action", "set-default-spec"}, {"spec-id", 9}},
      {{"action", "set-default-sort-order"}, {"sort-order-id", 9}},
      {{"action", "set-location"}, {"location", "file:///elsewhere"}},
      {{"action", "set-properties"}, {"updates", {{"write.data.path", "x"}}}},
      {{"action", "set-properties"}, {"updates", {{"n", 1}}}},
      {{"action", "set-snapshot-ref"}, {"ref-name", "main"}, {"type", "branch"}, {"snapshot-id", 99}},
      {{"action", "set-snapshot-ref"}, {"ref-name", "main"}, {"type", "tag"}, {"snapshot-id", 11}},
      {{"action", "remove-snapshots"}, {"snapshot-ids", {11}}},
      {{"action", "remove-schemas"}, {"schema-ids", {0}}},
      {{"action", "add-spec"}, {"spec", {{"fields", {{{"source-id", 77}, {"name", "x"}, {"transform", "identity"}}}}}}},
      {{"action", "add-snapshot"},
       {"snapshot", {{"snapshot-id", 12}, {"sequence-number", 9}, {"manifest-list", "file:///etc/x"}}}}};
  for (const Json& update : cases)
    EXPECT_EQ(error_kind([&] { updated(metadata, Json::array({update})); }), ErrorKind::Usage) << update;
}

TEST(MetadataUpdateTest, SequenceNumbersOnlyGrow) {
  const Json metadata = with_snapshot(table(), 11);
  Json late = snapshot_commit(kSale, metadata, 12).updates;
  late[0]["snapshot"]["sequence-number"] = 1;
  EXPECT_EQ(error_kind([&] { updated(metadata, late); }), ErrorKind::Conflict);
}

TEST(MetadataUpdateTest, TimeNeverGoesBack) { EXPECT_EQ(updated(table(), Json::array(), 5)["last-updated-ms"], 1000); }

// Two inserts in one transaction: main never pointed to the first snapshot.
TEST(MetadataUpdateTest, LogLeavesOutWhatACommitPassedThrough) {
  const Json first = with_snapshot(table(), 11);
  Json updates = snapshot_commit(kSale, first, 12).updates;
  Json second = snapshot_commit(kSale, with_snapshot(first, 12), 13).updates;
  updates.insert(updates.end(), second.begin(), second.end());
  const Json metadata = updated(first, updates);
  EXPECT_EQ(snapshot_ids(metadata), (std::vector<std::int64_t>{11, 12, 13}));
  EXPECT_EQ(log_ids(metadata), (std::vector<std::int64_t>{11, 13}));
}

TEST(MetadataUpdateTest, RemovedSnapshotsLeaveTheLog) {
  const Json metadata = with_snapshot(with_snapshot(with_snapshot(table(), 11), 12), 13);
  const Json after = updated(metadata, Json::array({{{"action", "remove-snapshots"}, {"snapshot-ids", {12}}}}));
  EXPECT_EQ(snapshot_ids(after), (std::vector<std::int64_t>{11, 13}));
  EXPECT_EQ(log_ids(after), std::vector<std::int64_t>{13}) << "before the gap it would say what was not so";
}

TEST(MetadataUpdateTest, PropertiesAndStatistics) {
  const Json metadata = updated(with_snapshot(table(), 11),
                                Json::array({{{"action", "set-properties"}, {"updates", {{"a", "1"}, {"b", "2"}}}},
                                             {{"action", "remove-properties"}, {"removals", {"a", "nope"}}},
                                             {{"action", "set-statistics"},
                                              {"snapshot-id", 11},
                                              {"statistics", {{"snapshot-id", 11}, {"statistics-path", "p"}}}}}));
  EXPECT_EQ(metadata["properties"], (Json{{"b", "2"}}));
  EXPECT_EQ(metadata["statistics"].size(), 1U);
  EXPECT_TRUE(
      updated(metadata, Json::array({{{"action", "remove-statistics"}, {"snapshot-id", 11}}}))["statistics"].empty());
}

TEST(Requirement, HoldsOrIsAConflict) {
  const Json metadata = with_snapshot(table(), 11);
  struct Case {
    Json holds, fails;
  };
  const std::vector<Case> cases{{{{"type", "assert-table-uuid"}, {"uuid", metadata["table-uuid"]}},
                                 {{"type", "assert-table-uuid"}, {"uuid", "x"}}},
                                {{{"type", "assert-ref-snapshot-id"}, {"ref", "main"}, {"snapshot-id", 11}},
                                 {{"type", "assert-ref-snapshot-id"}, {"ref", "main"}, {"snapshot-id", nullptr}}},
                                {{{"type", "assert-ref-snapshot-id"}, {"ref", "tag"}, {"snapshot-id", nullptr}},
                                 {{"type", "assert-ref-snapshot-id"}, {"ref", "tag"}, {"snapshot-id", 11}}},
                                {{{"type", "assert-last-assigned-field-id"}, {"last-assigned-field-id", 2}},
                                 {{"type", "assert-last-assigned-field-id"}, {"last-assigned-field-id", 3}}},
                                {{{"type", "assert-current-schema-id"}, {"current-schema-id", 0}},
                                 {{"type", "assert-current-schema-id"}, {"current-schema-id", 1}}},
                                {{{"type", "assert-last-assigned-partition-id"}, {"last-assigned-partition-id", 999}},
                                 {{"type", "assert-last-assigned-partition-id"}, {"last-assigned-partition-id", 1000}}},
                                {{{"type", "assert-default-spec-id"}, {"default-spec-id", 0}},
                                 {{"type", "assert-default-spec-id"}, {"default-spec-id", 1}}},
                                {{{"type", "assert-default-sort-order-id"}, {"default-sort-order-id", 0}},
                                 {{"type", "assert-default-sort-order-id"}, {"default-sort-order-id", 1}}}};
  for (const auto& [holds, fails] : cases) {
    EXPECT_NO_THROW(check_requirements(&metadata, Json::array({holds}))) << holds;
    const Json failing = fails;
    EXPECT_EQ(error_kind([&] { check_requirements(&metadata, Json::array({failing})); }), ErrorKind::Conflict) << fails;
    EXPECT_EQ(error_kind([&] { check_requirements(nullptr, Json::array({failing})); }), ErrorKind::Conflict) << fails;
  }
  EXPECT_NO_THROW(check_requirements(nullptr, Json::array({{{"type", "assert-create"}}})));
  EXPECT_EQ(error_kind([&] { check_requirements(&metadata, Json::array({{{"type", "assert-create"}}})); }),
            ErrorKind::Conflict);
}

TEST(Requirement, UnreadableOnesAreBadRequests) {
  const Json metadata = table();
  for (const Json& bad : {Json{{"type", "assert-moon"}}, Json{{"typ", "x"}}, Json{{"type", "assert-table-uuid"}}})
    EXPECT_EQ(error_kind([&] { check_requirements(&metadata, Json::array({bad})); }), ErrorKind::Usage) << bad;
  EXPECT_EQ(error_kind([&] { check_requirements(&metadata, Json::object()); }), ErrorKind::Usage);
}

}  // namespace
}  // namespace lochan
