#include "catalog/seal.h"

#include "catalog/metadata_update.h"
#include "catalog/table_metadata.h"
#include "tests/catalog/lake_fixture.h"

namespace lochan {
namespace {

Json table() { return new_table_metadata(create_request("sale", true), "file:///lake/raw/sale", 1000); }

Json on(Json metadata, std::int64_t snapshot, std::int64_t now_ms, const std::string& operation = "append") {
  MetadataUpdate update(metadata, now_ms);
  update.apply(snapshot_commit(kSale, metadata, snapshot, operation).updates);
  return std::move(update).finish();
}

// Main with snapshots 1, 2, … published at 1000, 2000, …
Json main_of(int snapshots) {
  Json main = on(table(), 1, 1000);
  for (int i = 2; i <= snapshots; ++i) main = seal({on(main, i, 1), &main, "file:///m", i * 1000, 0, 100, {}, false});
  return main;
}

TEST(Seal, FirstPublicationHasNoPast) {
  const Json branch = on(on(table(), 1, 1100), 2, 1200);
  const Json sealed = seal({branch, nullptr, "", 9000, 0, 100, {{"lochan.run", "4"}}, false});
  EXPECT_EQ(snapshot_ids(sealed), std::vector<std::int64_t>{2});
  EXPECT_FALSE(sealed["snapshots"][0].contains("parent-snapshot-id"));
  EXPECT_EQ(sealed["snapshots"][0]["sequence-number"], 2);
  EXPECT_TRUE(sealed["metadata-log"].empty());
  EXPECT_EQ(sealed["snapshot-log"], Json::array({{{"snapshot-id", 2}, {"timestamp-ms", 9000}}}));
  EXPECT_EQ(sealed["properties"]["lochan.run"], "4");
}

TEST(Seal, OneAppendStaysAnAppend) {
  const Json main = main_of(1);
  const Json sealed = seal({on(main, 2, 1), &main, "file:///m", 9000, 0, 100, {}, false});
  EXPECT_EQ(sealed["snapshots"][1]["summary"]["operation"], "append");
}

TEST(Seal, DataVersionStaysWithRewritesOnly) {
  const Json main = main_of(1);
  const auto version = [&](const Json& branch, bool unchanged) {
    return data_version(seal({branch, &main, "file:///m", 9000, 0, 100, {}, unchanged}));
  };
  EXPECT_EQ(version(on(main, 2, 1, "replace"), false), "1");
  EXPECT_EQ(version(on(on(main, 2, 1, "replace"), 3, 1, "replace"), false), "1");
  EXPECT_EQ(version(on(on(main, 2, 1, "append"), 3, 1, "replace"), false), "3");
  EXPECT_EQ(version(on(main, 2, 1, "overwrite"), false), "2");
  EXPECT_EQ(version(on(main, 2, 1, "overwrite"), true), "1");
  EXPECT_EQ(version(main, false), "1");
}

TEST(Seal, KeepsWhatMainPointedToSinceTheHorizon) {
  const Json main = main_of(5);
  const Json sealed = seal({on(main, 6, 1), &main, "file:///m", 6000, 3500, 100, {}, false});
  EXPECT_EQ(snapshot_ids(sealed), (std::vector<std::int64_t>{3, 4, 5, 6})) << "at 3500 main was at 3";
  EXPECT_EQ(log_ids(sealed), (std::vector<std::int64_t>{3, 4, 5, 6}));
}

TEST(Seal, KeepsNoMoreThanItMay) {
  const Json main = main_of(5);
  EXPECT_EQ(snapshot_ids(seal({on(main, 6, 1), &main, "file:///m", 6000, 0, 3, {}, false})),
            (std::vector<std::int64_t>{4, 5, 6}));
}

TEST(Seal, KeepsWhatARefNames) {
  Json main = main_of(5);
  main["refs"]["yearend"] = {{"snapshot-id", 1}, {"type", "tag"}};
  const Json sealed = seal({on(main, 6, 1), &main, "file:///m", 6000, 5000, 100, {}, false});
  EXPECT_EQ(snapshot_ids(sealed), (std::vector<std::int64_t>{1, 5, 6}));
  EXPECT_TRUE(sealed["refs"].contains("yearend"));
}

// An engine that alters a table three times on a branch leaves one schema, and its id is never given again.
TEST(Seal, PassingSchemasLeave) {
  const Json main = main_of(1);
  MetadataUpdate update(main, 1);
  for (const char* name : {"a", "b", "c"})
    update.apply(Json::array({{{"action", "add-schema"}, {"schema", schema_request({{"id", "long"}, {name, "date"}})}},
                              {{"action", "set-current-schema"}, {"schema-id", -1}}}));
  const Json sealed = seal({std::move(update).finish(), &main, "file:///m", 9000, 0, 100, {}, false});
  std::vector<int> ids;
  for (const Json& schema : sealed["schemas"]) ids.push_back(schema["schema-id"]);
  EXPECT_EQ(ids, (std::vector<int>{0, 3}));
}

TEST(Seal, BranchThatWentBackIsFollowed) {
  const Json main = main_of(3);
  MetadataUpdate update(main, 1);
  update.apply(
      Json::array({{{"action", "set-snapshot-ref"}, {"ref-name", "main"}, {"type", "branch"}, {"snapshot-id", 1}}}));
  const Json sealed = seal({std::move(update).finish(), &main, "file:///m", 9000, 0, 100, {}, false});
  EXPECT_EQ(sealed["current-snapshot-id"], 1);
  EXPECT_EQ(sealed["snapshot-log"].back(), (Json{{"snapshot-id", 1}, {"timestamp-ms", 9000}}));
}

}  // namespace
}  // namespace lochan
