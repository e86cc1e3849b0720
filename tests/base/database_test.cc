#include <gtest/gtest.h>

#include <barrier>
#include <future>

#include "base/error.h"
#include "base/hash.h"
#include "base/migration.h"
#include "base/sqlite_database.h"
#include "tests/base/database_contract.h"

namespace lochan {
namespace {

namespace fs = std::filesystem;

class SqlitePlace final : public DatabasePlace {
 public:
  ~SqlitePlace() override { fs::remove_all(folder_); }
  std::unique_ptr<Database> open(std::chrono::milliseconds lock_timeout) override {
    return open_sqlite(folder_ / "state.db", {.busy_timeout_ms = static_cast<int>(lock_timeout.count())});
  }

 private:
  const fs::path folder_ = fs::temp_directory_path() / ("lochan-db-" + random_uuid());
};

INSTANTIATE_TEST_SUITE_P(Sqlite, DatabaseContract, testing::Values([]() -> std::unique_ptr<DatabasePlace> {
                           return std::make_unique<SqlitePlace>();
                         }));

class DatabaseTest : public ::testing::Test {
 protected:
  DatabaseTest() : path_(fs::temp_directory_path() / ("lochan-db-" + random_uuid()) / "state.db") {
    database_ = open_sqlite(path_);
    database_->execute("create table item(id bigint primary key, name text, price double precision)");
  }
  ~DatabaseTest() override {
    database_.reset();
    fs::remove_all(path_.parent_path());
  }

  const fs::path path_;
  std::unique_ptr<Database> database_;
};

TEST_F(DatabaseTest, TextMayHaveAnyByte) {
  database_->execute("insert into item values ($1, $2, $3)", {std::int64_t{1}, std::string("it's\0x", 6), 1.5});
  database_->execute("insert into item values ($1, $2, $3)", {std::int64_t{2}, nullptr, nullptr});
  const auto rows = database_->query("select id, name, price from item order by id");
  EXPECT_EQ(rows[0].integer(0), 1);
  EXPECT_EQ(rows[0].text(1), std::string("it's\0x", 6));
  EXPECT_EQ(std::get<double>(rows[0][2]), 1.5);
  EXPECT_TRUE(rows[1].is_null(1));
}

// As a run and `maintain` that are the first to come to a lake, at the same moment.
TEST_F(DatabaseTest, ManyMayMakeTheFileAtOnce) {
  for (int round = 0; round < 50; ++round) {
    const fs::path path = path_.parent_path() / std::to_string(round) / "state.db";
    std::barrier all(4);
    const auto come = [&] {
      all.arrive_and_wait();
      open_sqlite(path)->execute("create table if not exists item(id bigint)");
    };
    std::vector<std::future<void>> coming;
    for (int i = 0; i < 4; ++i) coming.push_back(std::async(std::launch::async, come));
    for (auto& one : coming) EXPECT_NO_THROW(one.get()) << "round " << round;
  }
}

TEST_F(DatabaseTest, WhatIsNoDatabaseIsSaidSo) {
  const fs::path other = path_.parent_path() / "other.db";
  std::FILE* file = std::fopen(other.c_str(), "w");
  std::fputs("this is a text, and a long one, but it is no database at all", file);
  std::fclose(file);
  try {
    open_sqlite(other)->query("select 1 from sqlite_master");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Data);
    EXPECT_NE(std::string(error.what()).find("no SQLite database"), std::string::npos) << error.what();
  }
}

TEST_F(DatabaseTest, MigratesForwardsOnceAndRefusesNewerState) {
  const std::vector<Migration> first = {{"run", 1, "create table a(x bigint);\ncreate table b(x bigint)"}};
  migrate(*database_, first);
  migrate(*database_, first);
  std::vector<Migration> second = first;
  second.push_back({"run", 2, "alter table a add column y bigint"});
  migrate(*database_, second);
  EXPECT_EQ(database_->query("select version from schema_version where part = 'run'")[0].integer(0), 2);
  try {
    migrate(*database_, first);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "the state's part `run` has version 2, and this Lochan knows 1\n"
                 "  hint: a newer Lochan wrote this state: use that one, or restore an older copy of the state");
  }
}

}  // namespace
}  // namespace lochan
