#include "catalog/adopt.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/sqlite_database.h"
#include "catalog/publication_record.h"
#include "tests/catalog/lake_fixture.h"
#include "tests/support/dying_store.h"
#include "tests/support/test_state.h"

namespace lochan {
namespace {

class AdoptTest : public LakeTest {
 protected:
  /// The state is lost: an empty one, over the same files.
  void lose_state() {
    catalog_.reset();
    state_ = open_sqlite(folder() / "another.db");
    migrate(*state_, Catalog::migrations());
    open();
  }
  std::vector<std::string> records() {
    std::vector<std::string> names;
    store_->list(kRecordFolder, [&](const ObjectInfo& info) { names.push_back(info.name); });
    std::ranges::sort(names);
    return names;
  }
  // Of the metadata alone: this fixture's tables have no manifests.
  std::map<TableName, std::string> versions(std::optional<std::int64_t> at = std::nullopt) {
    std::map<TableName, std::string> versions;
    for (const Entry& entry : read_adoption(*catalog_, at).entries) versions[entry.table] = entry.data_version;
    return versions;
  }
};

using Versions = std::map<TableName, std::string>;

TEST_F(AdoptTest, GivesTheSameEntries) {
  publish_append("run-1", kSale, 1);
  publish_append("run-2", kDay, 2);
  catalog_->create_branch("dev", BranchKind::Named);
  PublishRequest request;
  request.branch = "dev";
  request.views = {{{"mart", "seen"}, "select 1 as n", {{"n", "INTEGER", true}}, "v1", {{"lochan.inputs", "{}"}}}};
  request.author = "anna";
  request.run = 7;
  ASSERT_TRUE(catalog_->publish(request).published);
  const auto before = catalog_->entries("main");
  lose_state();
  const Adoption adoption = read_adoption(*catalog_, std::nullopt);
  EXPECT_EQ(adoption.publication.number, 3);
  EXPECT_EQ(adoption.publication.author, "anna");
  EXPECT_EQ(adoption.last_run, 7);
  bool was_told = false;
  adopt(*catalog_, adoption, [&] { was_told = true; });
  EXPECT_TRUE(was_told);
  const auto after = catalog_->entries("main");
  ASSERT_EQ(after.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(after[i].table, before[i].table);
    EXPECT_EQ(after[i].kind, before[i].kind);
    EXPECT_EQ(after[i].metadata_location, before[i].metadata_location);
    EXPECT_EQ(after[i].data_version, before[i].data_version);
    EXPECT_EQ(after[i].columns, before[i].columns);
    EXPECT_EQ(after[i].properties, before[i].properties);
    EXPECT_EQ(after[i].from_publication, before[i].from_publication);
  }
  EXPECT_EQ(publish_append("run-8", kSale, 9), 4) << "history goes on";
  EXPECT_EQ(error_kind([&] { adopt(*catalog_, adoption, [] {}); }), ErrorKind::Conflict);
}

TEST_F(AdoptTest, WhatWasSealedAndNeverPublishedDoesNotWin) {
  publish_append("run-1", kSale, 1);
  catalog_->create_branch("run-2", BranchKind::Run);
  append("run-2", kSale, 2);
  PublishRequest request;
  request.branch = "run-2";
  request.tables = {{kSale, {}}};
  request.also = [](std::int64_t) { throw Error(ErrorKind::Unavailable, "the state is gone"); };
  EXPECT_EQ(error_kind([&] { catalog_->publish(request); }), ErrorKind::Unavailable);
  lose_state();
  EXPECT_EQ(versions(), (Versions{{kSale, "1"}}));
}

TEST_F(AdoptTest, WhatWasDroppedStaysDropped) {
  publish_append("run-1", kSale, 1);
  publish_append("run-2", kDay, 2);
  access("main").drop_table(kSale, false);
  lose_state();
  EXPECT_EQ(versions(), (Versions{{kDay, "2"}}));
}

TEST_F(AdoptTest, CommitsOfOtherEnginesAndRollbacksAreRecorded) {
  publish_append("run-1", kSale, 1);
  append("main", kSale, 2);
  catalog_->rollback(1, "anna", {});
  EXPECT_EQ(records().size(), 3U);
  lose_state();
  EXPECT_EQ(versions(), (Versions{{kSale, "1"}}));
  EXPECT_EQ(versions(2), (Versions{{kSale, "2"}}));
}

TEST_F(AdoptTest, ARecordThatADeadProcessLeftIsWrittenByTheNext) {
  publish_append("run-1", kSale, 1);
  catalog_->create_branch("run-2", BranchKind::Run);
  append("run-2", kSale, 2);
  bool has_ended = false;
  for (int lives = 0; !has_ended && lives < 50; ++lives) {
    has_ended = lives_to_the_end([&] {
      const SystemClock clock;
      const auto state = open_test_state(folder());
      DyingStore dying(*store_, lives);
      Catalog catalog(*state, dying, clock, {});
      PublishRequest request;
      request.branch = "run-2";
      request.tables = {{kSale, {}}};
      return catalog.publish(request).published;
    });
    open();
    has_ended = has_ended || catalog_->current_publication() == 2;
  }
  EXPECT_TRUE(has_ended);
  store_->remove(record_name(2));
  state_->execute("insert into unrecorded(publication) values (2) on conflict(publication) do nothing");
  write_missing_records(*catalog_);
  EXPECT_EQ(records(), (std::vector<std::string>{record_name(1), record_name(2)}));
  EXPECT_TRUE(state_->query("select 1 from unrecorded").empty());
  lose_state();
  EXPECT_EQ(versions(), (Versions{{kSale, "2"}}));
}

TEST_F(AdoptTest, AGapIsNamedAndTheStateBeforeItCanBeHad) {
  for (int i = 1; i <= 4; ++i) publish_append("run-" + std::to_string(i), kSale, i);
  store_->remove(record_name(3));
  lose_state();
  const Adoption adoption = read_adoption(*catalog_, std::nullopt);
  EXPECT_TRUE(
      std::ranges::any_of(adoption.damaged, [](const BrokenFile& file) { return file.name == record_name(3); }));
  EXPECT_EQ(versions(2), (Versions{{kSale, "2"}}));
  EXPECT_EQ(error_kind([&] { read_adoption(*catalog_, 3); }), ErrorKind::NotFound);
}

TEST_F(AdoptTest, BrokenFilesAreNamed) {
  publish_append("run-1", kSale, 1);
  publish_append("run-2", kDay, 2);
  const std::string metadata = catalog_->find("main", kSale)->metadata_location.substr(store_->uri("").size() + 1);
  store_->write(record_name(2), "{\"format\":1,");
  store_->write(metadata, "{");
  lose_state();
  std::vector<std::string> names;
  for (const BrokenFile& file : read_adoption(*catalog_, std::nullopt).damaged) names.push_back(file.name);
  EXPECT_EQ(names, (std::vector<std::string>{record_name(2), metadata}));
}

TEST_F(AdoptTest, RecordsStayFew) {
  for (int i = 1; i <= 140; ++i) publish_append("run-" + std::to_string(i), i % 2 == 0 ? kSale : kDay, i);
  const auto names = records();
  EXPECT_EQ(names.front(), record_name(65))
      << "whole ones are 1, 65 and 129, and those before the last but one are gone";
  EXPECT_EQ(names.size(), 76U);
  lose_state();
  EXPECT_EQ(versions(), (Versions{{kSale, "140"}, {kDay, "139"}}));
  EXPECT_EQ(versions(66), (Versions{{kSale, "66"}, {kDay, "65"}}));
}

TEST_F(AdoptTest, ALakeOfAnOlderVersionGetsARecordOfAll) {
  publish_append("run-1", kSale, 1);
  publish_append("run-2", kDay, 2);
  for (const std::string& name : records()) store_->remove(name);
  state_->execute("delete from recorded");
  write_missing_records(*catalog_);
  EXPECT_EQ(records(), std::vector<std::string>{record_name(2)});
  lose_state();
  EXPECT_EQ(versions(), (Versions{{kSale, "1"}, {kDay, "2"}}));
}

TEST_F(AdoptTest, NoRecordsAreNoLake) {
  EXPECT_EQ(error_kind([&] { read_adoption(*catalog_, std::nullopt); }), ErrorKind::NotFound);
  EXPECT_FALSE(has_records(*store_));
}

}  // namespace
}  // namespace lochan
