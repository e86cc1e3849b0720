// What every Database does, whichever holds the rows: included by a test that says how to open its own.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/database.h"
#include "base/error.h"
#include "base/migration.h"

namespace lochan {

/// An empty database of its own, gone with the object.
class DatabasePlace {
 public:
  virtual ~DatabasePlace() = default;
  virtual std::unique_ptr<Database> open(std::chrono::milliseconds lock_timeout) = 0;
};

using MakePlace = std::unique_ptr<DatabasePlace> (*)();

class DatabaseContract : public testing::TestWithParam<MakePlace> {
 protected:
  DatabaseContract() { database_->execute("create table item(id bigint primary key, name text, price double precision)"); }
  std::int64_t count() { return database_->query("select count(*) from item")[0].integer(0); }

  const std::unique_ptr<DatabasePlace> place_ = GetParam()();
  const std::unique_ptr<Database> database_ = place_->open(std::chrono::seconds{30});
};

TEST_P(DatabaseContract, ValuesComeBackAsTheyWere) {
  database_->execute("insert into item values ($1, $2, $3)", {std::int64_t{1}, std::string("it's ü"), 1.5});
  database_->execute("insert into item values ($1, $2, $3)", {std::int64_t{2}, nullptr, nullptr});
  const auto rows = database_->query("select id, name, price from item order by id");
  EXPECT_EQ(std::get<std::int64_t>(rows[0][0]), 1);
  EXPECT_EQ(rows[0].text(1), "it's ü");
  EXPECT_EQ(std::get<double>(rows[0][2]), 1.5);
  EXPECT_TRUE(rows[1].is_null(1));
}

TEST_P(DatabaseContract, SaysHowManyRowsChanged) {
  EXPECT_EQ(database_->execute("insert into item(id) values (1), (2), (3)"), 3);
  EXPECT_EQ(database_->execute("delete from item where id > $1", {std::int64_t{1}}), 2);
}

TEST_P(DatabaseContract, WriteIsAllOrNothing) {
  for (const bool is_synced : {false, true}) {
    const auto write = [&](const std::function<void()>& work) { is_synced ? database_->write_synced(work) : database_->write(work); };
    database_->execute("delete from item");
    EXPECT_THROW(write([&] {
      database_->execute("insert into item values (1, 'a', 1)");
      throw Error(ErrorKind::Data, "no");
    }),
                 Error);
    EXPECT_EQ(count(), 0);
    write([&] {
      database_->execute("insert into item values (1, 'a', 1)");
      write([&] { database_->execute("insert into item values (2, 'b', 1)"); });
    });
    EXPECT_EQ(count(), 2);
  }
}

TEST_P(DatabaseContract, WritersOfSeveralHandlesTakeTurns) {
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      const auto handle = place_->open(std::chrono::seconds{30});
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

TEST_P(DatabaseContract, LockedForTooLongIsUnavailable) {
  const auto impatient = place_->open(std::chrono::milliseconds{20});
  database_->write([&] {
    try {
      impatient->write([] {});
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    }
  });
  impatient->write([] {});
}

TEST_P(DatabaseContract, MigratesForwardsOnce) {
  std::vector<Migration> steps = {{"run", 1, "create table a(x bigint);\ncreate table b(x bigint)"}};
  migrate(*database_, steps);
  migrate(*database_, steps);
  steps.push_back({"run", 2, "alter table a add column y bigint"});
  migrate(*database_, steps);
  EXPECT_EQ(database_->query("select version from schema_version where part = 'run'")[0].integer(0), 2);
}

}  // namespace lochan
