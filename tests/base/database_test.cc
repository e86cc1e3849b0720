#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"
#include "base/hash.h"
#include "base/migration.h"
#include "base/sqlite_database.h"

namespace lochan {
namespace {

namespace fs = std::filesystem;

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
  std::int64_t count() { return database_->query("select count(*) from item")[0].integer(0); }

  const fs::path path_;
  std::unique_ptr<Database> database_;
};

TEST_F(DatabaseTest, ValuesComeBackAsTheyWere) {
  database_->execute("insert into item values ($1, $2, $3)", {std::int64_t{1}, std::string("it's\0x", 6), 1.5});
  database_->execute("insert into item values ($1, $2, $3)", {std::int64_t{2}, nullptr, nullptr});
  const auto rows = database_->query("select id, name, price from item order by id");
  EXPECT_EQ(rows[0].integer(0), 1);
  EXPECT_EQ(rows[0].text(1), std::string("it's\0x", 6));
  EXPECT_EQ(std::get<double>(rows[0][2]), 1.5);
  EXPECT_TRUE(rows[1].is_null(1));
}

TEST_F(DatabaseTest, WriteIsAllOrNothing) {
  EXPECT_THROW(database_->write([&] {
    database_->execute("insert into item values (1, 'a', 1)");
    throw Error(ErrorKind::Data, "no");
  }),
               Error);
  EXPECT_EQ(count(), 0);
  database_->write([&] {
    database_->execute("insert into item values (1, 'a', 1)");
    database_->write([&] { database_->execute("insert into item values (2, 'b', 1)"); });
  });
  EXPECT_EQ(count(), 2);
}

TEST_F(DatabaseTest, WritersOfSeveralHandlesTakeTurns) {
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      const auto handle = open_sqlite(path_);
      for (int i = 0; i < 50; ++i)
        handle->write([&] {
          const auto next = handle->query("select coalesce(max(id), 0) + 1 from item")[0].integer(0);
          handle->execute("insert into item values ($1, $2, 0)", {next, std::to_string(writer)});
        });
    });
  }
  writers.clear();
  EXPECT_EQ(count(), 200);
}

TEST_F(DatabaseTest, LockedForTooLongIsUnavailable) {
  const auto impatient = open_sqlite(path_, {.busy_timeout_ms = 20});
  database_->write([&] {
    try {
      impatient->write([] {});
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    }
  });
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
