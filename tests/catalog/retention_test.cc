#include "catalog/retention.h"

#include <filesystem>

#include "catalog/outside_readers.h"
#include "catalog/table_metadata.h"
#include "tests/catalog/lake_fixture.h"

namespace lochan {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class RetentionTest : public LakeTest {
 protected:
  void publish_many(int from, int to) {
    for (int i = from; i <= to; ++i) publish_append("run-" + std::to_string(i), kSale, i);
  }
  ReachableTable place_of_sale() {
    for (ReachableTable& table : Retention(*catalog_, policy_).reachable())
      if (table.location.ends_with("/raw/sale")) return table;
    return {};
  }
  bool reaches(std::int64_t snapshot) {
    const auto lists = place_of_sale().manifest_lists;
    return std::ranges::any_of(
        lists, [&](const std::string& list) { return list.ends_with("snap-" + std::to_string(snapshot) + ".avro"); });
  }

  RetentionPolicy policy_{seconds{0}, 2, seconds{0}, seconds{0}};
};

TEST_F(RetentionTest, KeepsTheNewestAndTheYoung) {
  publish_many(1, 5);
  policy_ = {hours{1}, 2, hours{1}, seconds{0}};
  EXPECT_EQ(Retention(*catalog_, policy_).plan().publications, 0) << "all are young";
  policy_.publications = seconds{2};
  EXPECT_EQ(Retention(*catalog_, policy_).plan().oldest_publication, 3)
      << "main was as 3 says when the two seconds began";
  policy_.publications = seconds{0};
  const Expired expired = Retention(*catalog_, policy_).expire();
  EXPECT_EQ(expired.oldest_publication, 4);
  EXPECT_EQ(expired.publications, 3);
  EXPECT_EQ(error_kind([&] { catalog_->entries("at-3"); }), ErrorKind::NotFound);
  EXPECT_EQ(catalog_->find("at-4", kSale)->data_version, "4");
  EXPECT_EQ(catalog_->publications(9).size(), 2U);
}

TEST_F(RetentionTest, KeepsWhatAnOpenBranchIsOver) {
  publish_many(1, 1);
  catalog_->create_branch("dev", BranchKind::Named);
  publish_many(2, 6);
  Retention(*catalog_, policy_).expire();
  EXPECT_EQ(catalog_->find("dev", kSale)->data_version, "1");
  EXPECT_TRUE(reaches(1));
  EXPECT_EQ(error_kind([&] { catalog_->entries("at-3"); }), ErrorKind::NotFound);
}

TEST_F(RetentionTest, KeepsWhatAReaderIsAt) {
  publish_many(1, 1);
  const std::string token = catalog_->grant_token({"at-1", false, {}, ""});
  publish_many(2, 6);
  Retention(*catalog_, policy_).expire();
  EXPECT_EQ(catalog_->find("at-1", kSale)->data_version, "1");
  catalog_->revoke_token(token);
  Retention(*catalog_, policy_).expire();
  EXPECT_EQ(error_kind([&] { catalog_->entries("at-1"); }), ErrorKind::NotFound);
}

TEST_F(RetentionTest, ReaderOfWhatIsGoneIsToldAndLeavesNoMark) {
  publish_many(1, 1);
  publish_many(2, 6);
  Retention(*catalog_, policy_).expire();
  EXPECT_EQ(error_kind([&] { catalog_->grant_token({"at-1", false, {}, ""}); }), ErrorKind::NotFound);
  EXPECT_EQ(state_->query("select count(*) from reader")[0].integer(0), 0);
}

TEST_F(RetentionTest, KeepsMainAsAReaderFoundIt) {
  publish_many(1, 3);
  const Catalog::Reader reader = catalog_->grant_reader();
  EXPECT_EQ(reader.ref, "at-3");
  publish_many(4, 9);
  Retention(*catalog_, policy_).expire();
  EXPECT_EQ(catalog_->find(reader.ref, kSale)->data_version, "3");
  catalog_->revoke_token(reader.token);
  Retention(*catalog_, policy_).expire();
  EXPECT_EQ(error_kind([&] { catalog_->entries("at-3"); }), ErrorKind::NotFound);
}

TEST_F(RetentionTest, KeepsForAWhileWhatAnOutsideReaderAskedFor) {
  publish_many(1, 1);
  OutsideReaders(*state_, clock_).note("at-1");
  publish_many(2, 6);
  policy_.readers = hours{1};
  clock_.advance(std::chrono::minutes{30});
  Retention(*catalog_, policy_).expire();
  EXPECT_EQ(catalog_->find("at-1", kSale)->data_version, "1");
  clock_.advance(hours{1});
  Retention(*catalog_, policy_).expire();
  EXPECT_EQ(error_kind([&] { catalog_->entries("at-1"); }), ErrorKind::NotFound);
}

TEST_F(RetentionTest, SnapshotsBeyondItLeaveWithThePublish) {
  open({{}, {}, 100, {seconds{0}, 2, seconds{0}, seconds{0}}});
  publish_many(1, 6);
  EXPECT_EQ(snapshot_ids(load("main", kSale)), (std::vector<std::int64_t>{4, 5, 6}));
  Retention(*catalog_, policy_).expire();
  EXPECT_TRUE(reaches(6));
  EXPECT_TRUE(reaches(5));
  EXPECT_FALSE(reaches(3));
}

TEST_F(RetentionTest, MetadataStaysBoundedOverManyPublications) {
  open({{}, {}, 10, {hours{24}, 10, hours{1}, seconds{0}}});
  publish_many(1, 130);
  const Json main = load("main", kSale);
  EXPECT_EQ(main["snapshots"].size(), 10U);
  EXPECT_EQ(main["snapshot-log"].size(), 10U);
  EXPECT_EQ(main["metadata-log"].size(), 100U);
  EXPECT_EQ(main["schemas"].size(), 1U);
}

TEST_F(RetentionTest, ReachesWhatBranchesHold) {
  publish_many(1, 1);
  catalog_->create_branch("run-x", BranchKind::Run);
  append("run-x", kSale, 77);
  EXPECT_TRUE(reaches(77));
  EXPECT_TRUE(place_of_sale().metadata_files.contains(catalog_->find("run-x", kSale)->metadata_location));
  catalog_->mark_branch("run-x", BranchState::Failed);
  EXPECT_TRUE(reaches(77)) << "kept for looking at";
  const Expired expired = Retention(*catalog_, policy_).expire();
  EXPECT_EQ(expired.branches, 2) << "and the published run-1";
  EXPECT_FALSE(reaches(77));
  EXPECT_FALSE(catalog_->find_branch("run-x"));
}

TEST_F(RetentionTest, IntermediateSnapshotsOfAPublishedRunAreNotReached) {
  catalog_->create_branch("run-1", BranchKind::Run);
  make_table("run-1", kSale, 11);
  append("run-1", kSale, 12);
  publish("run-1", {kSale});
  Retention(*catalog_, policy_).expire();
  EXPECT_TRUE(reaches(12));
  EXPECT_FALSE(reaches(11));
}

TEST_F(RetentionTest, LeavesFilesOfRunsUnderWayAlone) {
  publish_many(1, 1);
  const Instant started = clock_.now();
  catalog_->create_branch("run-x", BranchKind::Run);
  clock_.advance(hours{1});
  EXPECT_LE(Retention(*catalog_, policy_).removable_before(), started);
  catalog_->mark_branch("run-x", BranchState::Dropped);
  EXPECT_EQ(Retention(*catalog_, policy_).removable_before(), clock_.now());
}

TEST_F(RetentionTest, BranchWhoseFilesAreLostDoesNotStopIt) {
  publish_many(1, 1);
  catalog_->create_branch("run-x", BranchKind::Run);
  append("run-x", kSale, 77);
  store_->remove(*store_->name_of(catalog_->find("run-x", kSale)->metadata_location));
  catalog_->mark_branch("run-x", BranchState::Failed);
  open();
  EXPECT_TRUE(reaches(1));
  EXPECT_FALSE(reaches(77));
}

TEST_F(RetentionTest, SaysWhichLayersAreImmutable) {
  open({{"raw"}, {}, 100, {}});
  publish_many(1, 1);
  EXPECT_TRUE(place_of_sale().is_immutable);
}

}  // namespace
}  // namespace lochan
