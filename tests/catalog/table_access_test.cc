// The traps of Iceberg REST catalogs that are the catalog's own, each by name; those of HTTP are tested with the
// routes.
#include <atomic>
#include <filesystem>
#include <thread>

#include "base/file.h"
#include "tests/catalog/lake_fixture.h"
#include "tests/support/test_store.h"

namespace lochan {
namespace {

const TableName kFree{"ext", "free"};

class TableAccessTest : public LakeTest {
 protected:
  template <typename Work>
  bool is_forbidden(Work&& work) {
    try {
      work();
    } catch (const Forbidden&) {
      return true;
    } catch (const Error& error) {
      ADD_FAILURE() << error.what();
    }
    return false;
  }
};

TEST_F(TableAccessTest, StagedCreateIsInvisibleUntilItsCommit) {
  catalog_->create_branch("run-1", BranchKind::Run);
  TableAccess engine = access("run-1", {kSale});
  engine.create_namespace("raw", {});
  const LoadedMetadata staged = engine.create_table("raw", create_request("sale", true));
  EXPECT_EQ(staged.metadata_location, "");
  EXPECT_FALSE(engine.table_exists(kSale));
  EXPECT_TRUE(engine.tables("raw").empty());
  engine.commit(std::vector{create_commit(kSale, *staged.metadata, 11)});
  EXPECT_TRUE(engine.table_exists(kSale));
  EXPECT_EQ(error_kind([&] { engine.create_table("raw", create_request("sale", true)); }), ErrorKind::Conflict);
}

TEST_F(TableAccessTest, CreateMakesTheFoldersThatDuckDbDoesNot) {
  if (is_test_lake_on_s3()) GTEST_SKIP() << "there are no folders on S3";
  catalog_->create_branch("run-1", BranchKind::Run);
  TableAccess engine = access("run-1", {kSale});
  engine.create_namespace("raw", {});
  const LoadedMetadata staged = engine.create_table("raw", create_request("sale", true));
  EXPECT_EQ((*staged.metadata)["location"], store_->uri("") + "/raw/sale");
  EXPECT_TRUE(std::filesystem::is_directory(folder() / "lake/raw/sale/data"));
  EXPECT_TRUE(std::filesystem::is_directory(folder() / "lake/raw/sale/metadata"));
  EXPECT_TRUE(staged.config.empty()) << "or DuckDB asks for an S3 region";
}

TEST_F(TableAccessTest, CommitWhoseSnapshotIsThereIsAnsweredAsDone) {
  catalog_->create_branch("run-1", BranchKind::Run);
  make_table("run-1", kSale, 11);
  TableAccess engine = access("run-1", {kSale});
  const std::vector commit{snapshot_commit(kSale, *engine.load_table(kSale).metadata, 12)};
  const auto first = engine.commit(commit);
  const auto again = engine.commit(commit);
  EXPECT_EQ(again[0].metadata_location, first[0].metadata_location);
  EXPECT_EQ(snapshot_ids(*engine.load_table(kSale).metadata), (std::vector<std::int64_t>{11, 12}));
}

TEST_F(TableAccessTest, CreateWithoutSnapshotWhoseReplyWasLostIsAnsweredAsDone) {
  catalog_->create_branch("run-1", BranchKind::Run);
  TableAccess engine = access("run-1", {kSale});
  engine.create_namespace("raw", {});
  const Json staged = *engine.create_table("raw", create_request("sale", true)).metadata;
  const std::vector commit{create_commit(kSale, staged, 0)};
  const auto first = engine.commit(commit);
  EXPECT_EQ(engine.commit(commit)[0].metadata_location, first[0].metadata_location);
}

TEST_F(TableAccessTest, ConflictIsSurelyNotCommitted) {
  catalog_->create_branch("run-1", BranchKind::Run);
  make_table("run-1", kSale, 11);
  const Json old = load("run-1", kSale);
  append("run-1", kSale, 12);
  TableAccess engine = access("run-1", {kSale});
  EXPECT_EQ(error_kind([&] { engine.commit(std::vector{snapshot_commit(kSale, old, 13)}); }), ErrorKind::Conflict);
  EXPECT_EQ(snapshot_ids(load("run-1", kSale)), (std::vector<std::int64_t>{11, 12}));
}

TEST_F(TableAccessTest, TwoWritersAtOnceOneWins) {
  catalog_->create_branch("run-1", BranchKind::Run);
  make_table("run-1", kSale, 11);
  const Json base = load("run-1", kSale);
  std::atomic<int> done = 0, refused = 0;
  {
    std::vector<std::jthread> writers;
    for (const std::int64_t snapshot : {12, 13, 14, 15})
      writers.emplace_back([&, snapshot, engine = access("run-1", {kSale})]() mutable {
        try {
          engine.commit(std::vector{snapshot_commit(kSale, base, snapshot)});
          ++done;
        } catch (const Error& error) {
          if (error.kind() == ErrorKind::Conflict) ++refused;
        }
      });
  }
  EXPECT_EQ(done, 1);
  EXPECT_EQ(refused, 3);
  EXPECT_EQ(load("run-1", kSale)["snapshots"].size(), 2U);
}

TEST_F(TableAccessTest, MultiTableCommitIsAllOrNothing) {
  catalog_->create_branch("run-1", BranchKind::Run);
  make_table("run-1", kSale, 11);
  make_table("run-1", kDay, 21);
  const Json old = load("run-1", kDay);
  append("run-1", kDay, 22);
  TableAccess engine = access("run-1", {kSale, kDay});
  const Json sale = *engine.load_table(kSale).metadata;
  EXPECT_THROW(engine.commit(std::vector{snapshot_commit(kSale, sale, 12), snapshot_commit(kDay, old, 23)}), Error);
  EXPECT_EQ(snapshot_ids(load("run-1", kSale)), std::vector<std::int64_t>{11});
  engine.commit(
      std::vector{snapshot_commit(kSale, sale, 12), snapshot_commit(kDay, *engine.load_table(kDay).metadata, 23)});
  EXPECT_EQ(snapshot_ids(load("run-1", kSale)), (std::vector<std::int64_t>{11, 12}));
  EXPECT_EQ(snapshot_ids(load("run-1", kDay)), (std::vector<std::int64_t>{21, 22, 23}));
}

TEST_F(TableAccessTest, UnknownUpdateOrRequirementIsABadRequest) {
  catalog_->create_branch("run-1", BranchKind::Run);
  make_table("run-1", kSale, 11);
  TableAccess engine = access("run-1", {kSale});
  const Json none = Json::array();
  const TableCommit update{kSale, none, Json::array({{{"action", "enable-row-lineage"}}})};
  const TableCommit requirement{kSale, Json::array({{{"type", "assert-moon"}}}), none};
  const TableCommit format{kSale, none, Json::array({{{"action", "upgrade-format-version"}, {"format-version", 3}}})};
  for (const TableCommit& commit : {update, requirement, format})
    EXPECT_EQ(error_kind([&] { engine.commit(std::vector{commit}); }), ErrorKind::Usage);
}

TEST_F(TableAccessTest, FormatVersionTwoOnly) {
  catalog_->create_branch("run-1", BranchKind::Run);
  TableAccess engine = access("run-1", {kSale});
  engine.create_namespace("raw", {});
  Json request = create_request("sale", true);
  request["properties"]["format-version"] = "3";
  EXPECT_EQ(error_kind([&] { engine.create_table("raw", request); }), ErrorKind::Usage);
}

TEST_F(TableAccessTest, NonEmptyNamespaceIsNotDropped) {
  catalog_->create_branch("run-1", BranchKind::Run);
  make_table("run-1", kSale, 11);
  TableAccess engine = access("run-1", {kSale});
  EXPECT_EQ(error_kind([&] { engine.drop_namespace("raw"); }), ErrorKind::Conflict);
  EXPECT_EQ(error_kind([&] { engine.drop_namespace("nope"); }), ErrorKind::NotFound);
  engine.drop_table(kSale, false);
  engine.drop_namespace("raw");
  EXPECT_EQ(engine.namespaces(), std::vector<std::string>{"mart"});
}

TEST_F(TableAccessTest, PurgeDeletesNothingThatAPublicationReaches) {
  make_table("main", kFree, 31);
  const std::string first = catalog_->find("main", kFree)->metadata_location;
  access("main", {kFree}).drop_table(kFree, true);
  EXPECT_TRUE(names("main").empty());
  EXPECT_EQ(file(first), load("at-1", kFree).is_null() ? Json() : file(first));
  EXPECT_EQ(names("at-1"), std::vector<std::string>{"ext.free"});
}

TEST_F(TableAccessTest, CommitOfAnOutsideEngineOnMainIsAPublication) {
  make_table("main", kFree, 31);
  clock_.advance(std::chrono::seconds{1});
  append("main", kFree, 32);
  const auto publications = catalog_->publications(5);
  ASSERT_EQ(publications.size(), 2U);
  EXPECT_EQ(publications[0].author, "spark");
  EXPECT_EQ(publications[0].message, "commit to ext.free");
  const Json main = load("main", kFree);
  EXPECT_EQ(main["last-updated-ms"], to_millis(publications[0].at));
  EXPECT_EQ(log_ids(main), (std::vector<std::int64_t>{31, 32}));
  EXPECT_EQ(main["metadata-log"].size(), 1U);
  EXPECT_EQ(catalog_->find("at-1", kFree)->data_version, "31");
}

TEST_F(TableAccessTest, MainRefusesTablesOfTheProject) {
  EXPECT_TRUE(is_forbidden([&] { make_table("main", kDay, 21); }));
  publish_append("run-1", kDay, 21);
  EXPECT_TRUE(is_forbidden([&] { append("main", kDay, 22); }));
  EXPECT_TRUE(is_forbidden([&] { drop("main", kDay); }));
  EXPECT_EQ(catalog_->find("main", kDay)->data_version, "21");
}

TEST_F(TableAccessTest, TokenWritesItsTablesOnItsRefOnly) {
  catalog_->create_branch("run-1", BranchKind::Run);
  make_table("run-1", kSale, 11);
  const Json sale = load("run-1", kSale);
  const std::vector commit{snapshot_commit(kSale, sale, 12)};
  EXPECT_TRUE(is_forbidden([&] { access("run-1", {kFree}).commit(commit); }));
  EXPECT_TRUE(is_forbidden([&] { access("run-1", {kSale}, false).commit(commit); }));
  EXPECT_TRUE(is_forbidden([&] {
    make_table("run-1", kDay, 21);
    access("run-1").drop_table(kDay, false);
  })) << "a token for any table is for those that the project doesn't make";
  EXPECT_TRUE(is_forbidden([&] { access("at-0", {kSale}).commit(commit); }));
  EXPECT_THROW(TableAccess(*catalog_, "guessed"), Unauthorized);
}

TEST_F(TableAccessTest, NothingIsWrittenAfterATokenIsRevoked) {
  catalog_->create_branch("run-1", BranchKind::Run);
  make_table("run-1", kSale, 11);
  const std::string token = catalog_->grant_token({"run-1", true, {kSale}, ""});
  TableAccess late(*catalog_, token);
  const std::vector commit{snapshot_commit(kSale, *late.load_table(kSale).metadata, 12)};
  catalog_->revoke_token(token);
  EXPECT_THROW(late.commit(commit), Unauthorized);
  EXPECT_THROW(late.drop_table(kSale, false), Unauthorized);
  EXPECT_THROW(TableAccess(*catalog_, token), Unauthorized);
  EXPECT_EQ(snapshot_ids(load("run-1", kSale)), std::vector<std::int64_t>{11});
}

// However a revocation falls among commits, none is written after it returned.
TEST_F(TableAccessTest, RevocationWaitsForTheCommitUnderWay) {
  catalog_->create_branch("run-1", BranchKind::Run);
  make_table("run-1", kSale, 11);
  const std::string token = catalog_->grant_token({"run-1", true, {kSale}, ""});
  TableAccess engine(*catalog_, token);
  std::atomic<int> started = 0;
  std::jthread writer([&] {
    for (std::int64_t snapshot = 12; snapshot < 200; ++snapshot) {
      try {
        const auto commit = snapshot_commit(kSale, *engine.load_table(kSale).metadata, snapshot);
        ++started;
        started.notify_all();
        engine.commit(std::vector{commit});
      } catch (const Unauthorized&) {
        return;
      }
    }
  });
  started.wait(0);
  catalog_->revoke_token(token);
  const std::string after = catalog_->find("run-1", kSale)->metadata_location;
  writer.join();
  EXPECT_EQ(catalog_->find("run-1", kSale)->metadata_location, after);
}

TEST_F(TableAccessTest, CommitToABranchThatEndedIsRefused) {
  catalog_->create_branch("run-1", BranchKind::Run);
  make_table("run-1", kSale, 11);
  TableAccess late = access("run-1", {kSale});
  const std::vector commit{snapshot_commit(kSale, *late.load_table(kSale).metadata, 12)};
  publish("run-1", {kSale});
  EXPECT_EQ(error_kind([&] { late.commit(commit); }), ErrorKind::Conflict);
  catalog_->mark_branch("run-1", BranchState::Dropped);
  EXPECT_EQ(error_kind([&] { late.commit(commit); }), ErrorKind::NotFound);
}

TEST_F(TableAccessTest, ClaimedTableOfANamedBranchHasOneWriter) {
  catalog_->create_branch("dev", BranchKind::Named);
  make_table("dev", kSale, 11);
  const std::vector claimed{kSale};
  catalog_->claim(7, "dev", claimed);
  EXPECT_EQ(error_kind([&] { append("dev", kSale, 12); }), ErrorKind::Conflict);
  catalog_->release_claims(7);
  append("dev", kSale, 12);
}

TEST_F(TableAccessTest, PlaceOfATableCannotBeChosen) {
  catalog_->create_branch("run-1", BranchKind::Run);
  TableAccess engine = access("run-1", {kSale});
  engine.create_namespace("raw", {});
  Json request = create_request("sale", true);
  request["location"] = "file:///etc";
  EXPECT_EQ(error_kind([&] { engine.create_table("raw", request); }), ErrorKind::Usage);
  for (const char* name : {"../x", "a/b", "", "a.b"})
    EXPECT_EQ(error_kind([&] { engine.create_table("raw", create_request(name, true)); }), ErrorKind::Usage) << name;
  make_table("run-1", kSale, 11);
  const TableCommit move{kSale, Json::array(),
                         Json::array({{{"action", "set-location"}, {"location", "file:///tmp/x"}}})};
  EXPECT_EQ(error_kind([&] { engine.commit(std::vector{move}); }), ErrorKind::Usage);
}

// DuckDB takes an older file of the log when the last change is later than its transaction's start.
TEST_F(TableAccessTest, OnlyMainIsServedWithALog) {
  publish_append("run-1", kSale, 11);
  publish_append("run-2", kSale, 12);
  EXPECT_EQ(load("main", kSale)["metadata-log"].size(), 1U);
  EXPECT_GT(load("main", kSale)["last-updated-ms"], 0);
  catalog_->create_branch("run-3", BranchKind::Run);
  for (const char* ref : {"at-2", "run-3"}) EXPECT_TRUE(load(ref, kSale)["metadata-log"].empty()) << ref;
  EXPECT_EQ(load("run-3", kSale)["last-updated-ms"], 0);
}

// Iceberg's Java library refuses metadata that was updated before its log ends.
TEST_F(TableAccessTest, PublicationIsServedAsUpdatedWhenItWasPublished) {
  publish_append("run-1", kSale, 11);
  publish_append("run-2", kSale, 12);
  const Json pinned = load("at-1", kSale);
  EXPECT_EQ(pinned["last-updated-ms"], to_millis(catalog_->publications(5).back().at));
  EXPECT_EQ(pinned["last-updated-ms"], pinned["snapshot-log"].back()["timestamp-ms"]);
}

// DuckDB reads the last snapshot that the log has before its transaction's start.
TEST_F(TableAccessTest, ClockThatWasSetBackHidesNoSnapshot) {
  publish_append("run-1", kSale, 11);
  publish_append("run-2", kSale, 12);
  catalog_->create_branch("run-3", BranchKind::Run);
  const Json before = load("run-3", kSale)["snapshot-log"];
  clock_.advance(-std::chrono::hours{1});
  const std::int64_t day_ago = to_millis(clock_.now() - std::chrono::hours{24});
  for (const char* ref : {"at-2", "run-3"}) {
    const Json log = load(ref, kSale)["snapshot-log"];
    ASSERT_EQ(log.size(), 2U) << ref;
    EXPECT_EQ(log[1]["timestamp-ms"], day_ago) << ref;
    EXPECT_EQ(log[1]["timestamp-ms"].get<std::int64_t>() - log[0]["timestamp-ms"].get<std::int64_t>(),
              before[1]["timestamp-ms"].get<std::int64_t>() - before[0]["timestamp-ms"].get<std::int64_t>());
  }
  EXPECT_EQ(load("at-2", kSale)["last-updated-ms"], day_ago);
  clock_.advance(std::chrono::hours{2});
  EXPECT_EQ(load("run-3", kSale)["snapshot-log"], before);
}

}  // namespace
}  // namespace lochan
