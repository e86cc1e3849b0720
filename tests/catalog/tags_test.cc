#include "catalog/retention.h"
#include "tests/catalog/lake_fixture.h"

namespace lochan {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class TagsTest : public LakeTest {
 protected:
  void publish_many(int from, int to) {
    for (int i = from; i <= to; ++i) publish_append("run-" + std::to_string(i), kSale, i);
  }
  std::string version(const Ref& ref) { return catalog_->find(ref, kSale)->data_version; }
  Expired expire() { return Retention(*catalog_, {seconds{0}, 1, seconds{0}, seconds{0}}).expire(); }
};

TEST_F(TagsTest, HoldsItsPublicationUntilItIsDropped) {
  publish_many(1, 2);
  catalog_->create_tag("year-end", 1, "anna");
  publish_many(3, 5);
  expire();
  EXPECT_EQ(version("at-1"), "1");
  EXPECT_EQ(error_kind([&] { catalog_->entries("at-2"); }), ErrorKind::NotFound);
  const auto pins = Retention(*catalog_, {seconds{0}, 1, seconds{0}, seconds{0}}).pins();
  ASSERT_EQ(pins.size(), 1U);
  EXPECT_EQ(pins[0].by, "tag year-end");
  ASSERT_EQ(pins[0].reaches.size(), 1U);
  EXPECT_TRUE(pins[0].reaches[0].manifest_lists.begin()->ends_with("snap-1.avro"));
  catalog_->drop_tag("year-end");
  expire();
  EXPECT_EQ(error_kind([&] { catalog_->entries("at-1"); }), ErrorKind::NotFound);
}

TEST_F(TagsTest, IsARefThatOnlyReads) {
  publish_many(1, 2);
  catalog_->create_tag("year-end", 1, "anna");
  EXPECT_EQ(version("year-end"), "1");
  EXPECT_EQ(snapshot_ids(*access("year-end", {}, false).load_table(kSale).metadata).size(), 1U);
  EXPECT_EQ(error_kind([&] { append("year-end", kSale, 9); }), ErrorKind::Conflict);
  EXPECT_EQ(version("main"), "2");
}

TEST_F(TagsTest, SharesNoNameWithABranch) {
  publish_many(1, 1);
  catalog_->create_tag("dev", 1, "anna");
  EXPECT_EQ(error_kind([&] { catalog_->create_branch("dev", BranchKind::Named); }), ErrorKind::Conflict);
  EXPECT_EQ(error_kind([&] { catalog_->create_tag("dev", 1, "anna"); }), ErrorKind::Conflict);
  catalog_->create_branch("other", BranchKind::Named);
  EXPECT_EQ(error_kind([&] { catalog_->create_tag("other", 1, "anna"); }), ErrorKind::Conflict);
  for (const char* name : {"", "main", "at-7", "run-7", "7", "a b", "a/b"})
    EXPECT_EQ(error_kind([&] { catalog_->create_tag(name, 1, "anna"); }), ErrorKind::Usage) << name;
  EXPECT_EQ(error_kind([&] { catalog_->create_tag("later", 9, "anna"); }), ErrorKind::NotFound);
  EXPECT_EQ(error_kind([&] { catalog_->drop_tag("none"); }), ErrorKind::NotFound);
}

TEST_F(TagsTest, NothingIsTaggedBeforeTheFirstPublication) {
  EXPECT_EQ(error_kind([&] { catalog_->create_tag("empty", 0, "anna"); }), ErrorKind::Usage);
}

TEST_F(TagsTest, APublicationIsFoundByNumberNameAndTime) {
  clock_.advance(hours{1});  // 04:46
  publish_many(1, 1);        // at 04:46:01
  catalog_->create_tag("first", 1, "anna");
  clock_.advance(hours{1});
  publish_many(2, 2);  // at 05:46:02
  EXPECT_EQ(catalog_->resolve_publication("2"), 2);
  EXPECT_EQ(catalog_->resolve_publication("first"), 1);
  EXPECT_EQ(catalog_->resolve_publication("2026-11-21 05:00"), 1);
  EXPECT_EQ(catalog_->resolve_publication("2026-11-21T05:46:01Z"), 1);
  EXPECT_EQ(catalog_->resolve_publication("2026-11-21 05:46:02"), 2) << "as `lochan history` shows it";
  EXPECT_EQ(catalog_->resolve_publication("2026-11-22"), 2);
  EXPECT_EQ(error_kind([&] { catalog_->resolve_publication("2026-11-21 04:00"); }), ErrorKind::NotFound);
  EXPECT_EQ(error_kind([&] { catalog_->resolve_publication("3"); }), ErrorKind::NotFound);
  EXPECT_EQ(error_kind([&] { catalog_->resolve_publication("frist"); }), ErrorKind::Usage);
}

TEST_F(TagsTest, WhoLastChangedATableIsKnown) {
  EXPECT_FALSE(catalog_->last_change(kSale));
  publish_many(1, 2);
  EXPECT_EQ(catalog_->last_change(kSale)->number, 2);
  catalog_->create_branch("dev", BranchKind::Named);
  drop("dev", kSale);
  PublishRequest request;
  request.branch = "dev";
  request.dropped = {kSale};
  ASSERT_TRUE(catalog_->publish(request).published);
  EXPECT_EQ(catalog_->last_change(kSale)->number, 3) << "it was dropped";
}

TEST_F(TagsTest, WhatIsBeingCopiedKeepsItsSnapshots) {
  publish_many(1, 3);
  const Catalog::Hold hold = catalog_->hold_present();
  EXPECT_EQ(hold.publication, 3);
  publish_many(4, 8);
  expire();
  const auto reaches = [&] {
    std::size_t lists = 0;
    for (const ReachableTable& table : Retention(*catalog_, {seconds{0}, 1, seconds{0}, seconds{0}}).reachable())
      for (const std::string& list : table.manifest_lists)
        for (const char* snapshot : {"snap-1.avro", "snap-2.avro", "snap-3.avro"}) lists += list.ends_with(snapshot);
    return lists;
  };
  EXPECT_EQ(version("at-3"), "3");
  EXPECT_EQ(reaches(), 3U);
  clock_.advance(hours{23});
  catalog_->renew_hold(hold);
  clock_.advance(hours{2});
  expire();
  EXPECT_EQ(version("at-3"), "3") << "it was renewed";
  catalog_->release_hold(hold);
  expire();
  EXPECT_EQ(error_kind([&] { catalog_->entries("at-3"); }), ErrorKind::NotFound);
}

}  // namespace
}  // namespace lochan
