#include "tests/catalog/lake_fixture.h"

namespace lochan {
namespace {

using BranchTest = LakeTest;

TEST_F(BranchTest, WhatARunWritesIsUnseenOnMain) {
  catalog_->create_branch("run-1", BranchKind::Run);
  make_table("run-1", kSale, 11);
  EXPECT_EQ(names("run-1"), std::vector<std::string>{"raw.sale"});
  EXPECT_TRUE(names("main").empty());
  EXPECT_EQ(access("main", {}, false).namespaces(), std::vector<std::string>{"mart"}) << "its new layer neither";
  EXPECT_EQ(publish("run-1", {kSale}).publication, 1);
  EXPECT_EQ(names("main"), std::vector<std::string>{"raw.sale"});
}

TEST_F(BranchTest, ReadsMainAsOfItsBase) {
  publish_append("run-1", kSale, 11);
  catalog_->create_branch("run-2", BranchKind::Run);
  publish_append("run-3", kSale, 12);
  EXPECT_EQ(catalog_->find("run-2", kSale)->data_version, "11");
  EXPECT_EQ(catalog_->find("main", kSale)->data_version, "12");
  EXPECT_EQ(catalog_->find("at-1", kSale)->data_version, "11");
}

TEST_F(BranchTest, DroppedOnABranchIsGoneThereOnly) {
  publish_append("run-1", kSale, 11);
  catalog_->create_branch("run-2", BranchKind::Run);
  drop("run-2", kSale);
  EXPECT_TRUE(names("run-2").empty());
  EXPECT_FALSE(access("run-2").table_exists(kSale));
  EXPECT_EQ(names("main"), std::vector<std::string>{"raw.sale"});
  std::vector<TableName> dropped;
  EXPECT_TRUE(catalog_->branch_changes("run-2", &dropped).empty());
  EXPECT_EQ(dropped, std::vector{kSale});
}

TEST_F(BranchTest, RunOverANamedBranchSeesItAsItWas) {
  publish_append("run-1", kSale, 11);
  catalog_->create_branch("dev-anna", BranchKind::Named);
  append("dev-anna", kSale, 12);
  catalog_->create_branch("run-2", BranchKind::Run, "dev-anna");
  append("dev-anna", kSale, 13);
  EXPECT_EQ(catalog_->find("run-2", kSale)->data_version, "12");
  EXPECT_EQ(catalog_->find("dev-anna", kSale)->data_version, "13");
  EXPECT_EQ(catalog_->find("main", kSale)->data_version, "11");
}

TEST_F(BranchTest, RestorePutsTablesBackToTheSavepoint) {
  publish_append("run-1", kSale, 11);
  catalog_->create_branch("run-2", BranchKind::Run);
  append("run-2", kSale, 12);
  const std::vector tables{kSale, kDay};
  const auto savepoint = catalog_->savepoint("run-2", tables);
  append("run-2", kSale, 13);
  make_table("run-2", kDay, 21);
  catalog_->restore(savepoint);
  EXPECT_EQ(catalog_->find("run-2", kSale)->data_version, "12");
  EXPECT_FALSE(catalog_->find("run-2", kDay));
}

TEST_F(BranchTest, ViewIsSeenByStepsAfterIt) {
  catalog_->create_branch("run-1", BranchKind::Run);
  catalog_->put_view("run-1", {kDay, "select 1 as n", {{"n", "INTEGER", true}}, "v1", {}});
  const auto entry = catalog_->find("run-1", kDay);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->kind, EntryKind::View);
  EXPECT_EQ(entry->properties.at("lochan.sql"), "select 1 as n");
  EXPECT_EQ(access("run-1").views("mart"), std::vector{kDay});
  EXPECT_EQ((*access("run-1").load_view(kDay).metadata)["versions"][0]["representations"][0]["sql"], "select 1 as n");
}

TEST_F(BranchTest, NamesAreRefused) {
  for (const char* name : {"main", "at-3", "", "a b", "../x", "a/b"})
    EXPECT_EQ(error_kind([&] { catalog_->create_branch(name, BranchKind::Named); }), ErrorKind::Usage) << name;
  catalog_->create_branch("dev", BranchKind::Named);
  EXPECT_EQ(error_kind([&] { catalog_->create_branch("dev", BranchKind::Named); }), ErrorKind::Conflict);
  catalog_->mark_branch("dev", BranchState::Dropped);
  EXPECT_EQ(error_kind([&] { catalog_->entries("dev"); }), ErrorKind::NotFound);
  catalog_->create_branch("dev", BranchKind::Named);
}

TEST_F(BranchTest, UnknownRefsAreNotFound) {
  EXPECT_TRUE(names("at-0").empty());
  for (const char* ref : {"at-1", "run-9", "at-x"})
    EXPECT_EQ(error_kind([&] { catalog_->entries(ref); }), ErrorKind::NotFound) << ref;
}

TEST_F(BranchTest, ClaimsAreAllOrNone) {
  const std::vector both{kSale, kDay}, one{kDay};
  EXPECT_FALSE(catalog_->claim(1, "main", one));
  const auto taken = catalog_->claim(2, "main", both);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->table, kDay);
  EXPECT_EQ(taken->run, 1);
  EXPECT_EQ(catalog_->claims().size(), 1U);
  EXPECT_FALSE(catalog_->claim(2, "dev-anna", both)) << "another target";
  catalog_->release_claims(1);
  EXPECT_FALSE(catalog_->claim(2, "main", both));
}

}  // namespace
}  // namespace lochan
