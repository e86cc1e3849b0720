// Publishing a person's branch: over a main that went on, of views and drops, and killed at any moment.
#include "tests/catalog/lake_fixture.h"
#include "tests/support/dying_store.h"
#include "tests/support/test_state.h"

namespace lochan {
namespace {

using NamedBranchTest = LakeTest;

TEST_F(NamedBranchTest, CopiesNothing) {
  for (int i = 1; i <= 3; ++i) publish_append("run-" + std::to_string(i), kSale, i);
  const auto files = [&] {
    std::map<std::string, std::uint64_t> sizes;
    store_->list("", [&](const ObjectInfo& info) { sizes[info.name] = info.size_bytes; });
    return sizes;
  };
  const auto before = files();
  catalog_->create_branch("dev", BranchKind::Named);
  EXPECT_EQ(catalog_->find("dev", kSale)->data_version, "3");
  EXPECT_EQ(files(), before) << "a branch is a row";
  append("dev", kSale, 4);
  EXPECT_EQ(files().size(), before.size() + 1) << "one commit is one metadata file";
}

TEST_F(NamedBranchTest, FollowsARewriteOfMain) {
  publish_append("run-1", kSale, 1);
  catalog_->create_branch("dev", BranchKind::Named);
  append("dev", kSale, 2);
  catalog_->create_branch("run-9", BranchKind::Run);
  append("run-9", kSale, 3, "replace");
  append("run-9", kSale, 4, "replace");
  PublishRequest tending;
  tending.branch = "run-9";
  tending.tables = {{kSale, {}, true}};
  ASSERT_TRUE(catalog_->publish(tending).published);
  const Json rewritten = load("main", kSale);

  ASSERT_TRUE(publish("dev", {kSale}).published) << "the rows are those that the branch began with";
  const Json sealed = load("main", kSale);
  EXPECT_EQ(sealed["current-snapshot-id"], 2);
  EXPECT_EQ(snapshot_ids(sealed), (std::vector<std::int64_t>{1, 4, 2}));
  EXPECT_EQ(sealed["last-sequence-number"], rewritten["last-sequence-number"]);
  EXPECT_EQ(catalog_->find("main", kSale)->data_version, "2");
  publish_append("run-10", kSale, 5);
  EXPECT_EQ(catalog_->find("main", kSale)->data_version, "5") << "and it goes on from there";
}

TEST_F(NamedBranchTest, DoesNotFollowWhatChangedAProperty) {
  publish_append("run-1", kSale, 1);
  catalog_->create_branch("dev", BranchKind::Named);
  append("dev", kSale, 2);
  catalog_->create_branch("run-9", BranchKind::Run);
  append("run-9", kSale, 3, "delete");
  PublishRequest archive;
  archive.branch = "run-9";
  archive.tables = {{kSale, {{"lochan.archived", "{}"}}, true}};
  ASSERT_TRUE(catalog_->publish(archive).published);
  EXPECT_EQ(publish("dev", {kSale}).conflicts, std::vector<TableName>{kSale}) << "archived rows would come back";
}

TEST_F(NamedBranchTest, ConflictsWithADropOnMain) {
  publish_append("run-1", kSale, 1);
  catalog_->create_branch("dev", BranchKind::Named);
  append("dev", kSale, 2);
  access("main").drop_table(kSale, false);
  EXPECT_EQ(publish("dev", {kSale}).conflicts, std::vector<TableName>{kSale});
  EXPECT_FALSE(catalog_->find("main", kSale));
}

TEST_F(NamedBranchTest, ConflictsWithATableThatMainMadeMeanwhile) {
  catalog_->create_branch("dev", BranchKind::Named);
  make_table("dev", kSale, 1);
  publish_append("run-1", kSale, 2);
  EXPECT_EQ(publish("dev", {kSale}).conflicts, std::vector<TableName>{kSale});
  EXPECT_EQ(catalog_->find("main", kSale)->data_version, "2");
}

PublishRequest whole_branch() {
  PublishRequest request;
  request.branch = "dev";
  request.tables = {{kSale, {}}, {kDay, {}}};
  request.views = {{{"mart", "seen"}, "select 1 as n", {{"n", "INTEGER", true}}, "v1", {}}};
  request.author = "anna";
  return request;
}

bool publish_and_die(const std::filesystem::path& folder, ObjectStore& store, int lives) {
  return lives_to_the_end([&] {
    const SystemClock clock;
    const auto state = open_test_state(folder);
    DyingStore dying(store, lives);
    Catalog catalog(*state, dying, clock, {});
    PublishRequest request = whole_branch();
    request.also = [&](std::int64_t) { dying.step(); };
    return catalog.publish(request).published;
  });
}

TEST_F(NamedBranchTest, KilledAtAnyMomentMainHasAllOfItOrNothing) {
  publish_append("run-1", kSale, 1);
  catalog_->create_branch("dev", BranchKind::Named);
  append("dev", kSale, 2);
  make_table("dev", kDay, 3);
  int kills = 0;
  bool has_published = false;
  for (int lives = 0; !has_published && lives < 100; ++lives) {
    has_published = publish_and_die(folder(), *store_, lives);
    open();
    if (!has_published && catalog_->current_publication() == 1) {
      ++kills;
      EXPECT_EQ(catalog_->find("main", kSale)->data_version, "1");
      EXPECT_FALSE(catalog_->find("main", kDay));
      EXPECT_EQ(catalog_->find("dev", kSale)->data_version, "2") << "nothing of the branch is lost";
      continue;
    }
    has_published = true;  // it may have died after its transaction
    EXPECT_EQ(catalog_->current_publication(), 2);
    EXPECT_EQ(catalog_->find("main", kSale)->data_version, "2");
    EXPECT_EQ(catalog_->find("main", kDay)->data_version, "3");
    EXPECT_TRUE(catalog_->find("main", {"mart", "seen"}));
  }
  EXPECT_TRUE(has_published);
  EXPECT_GE(kills, 9) << "three files, a sync, the transaction";
}

}  // namespace
}  // namespace lochan
