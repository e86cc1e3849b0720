#include "simulate/shop_place.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lochan {
namespace {

TEST(ShopPlaceTest, AShopIsCalledAsItsDatabaseOrAsAsked) {
  struct Case {
    const char* text;
    const char* name;
    const char* kind;
    const char* location;
  };
  for (const Case& each : {
           Case{"postgresql://shop@db:5432/branch_1", "branch_1", "postgres", "postgresql://shop@db:5432/branch_1"},
           Case{"postgres://db/branch_2?sslmode=require", "branch_2", "postgres", "postgres://db/branch_2?sslmode=require"},
           Case{"north=postgresql://db/shop?a=b", "north", "postgres", "postgresql://db/shop?a=b"},
           Case{"sqlite:./data/branch_3.db", "branch_3", "sqlite", "./data/branch_3.db"},
       }) {
    const Connection connection = shop_at(each.text);
    EXPECT_EQ(connection.name, each.name);
    EXPECT_EQ(connection.kind, each.kind);
    EXPECT_EQ(connection.location, each.location);
  }
}

TEST(ShopPlaceTest, RefusesWhatNoShopCanLiveIn) {
  for (const char* text : {"branch_1", "mysql://db/shop", "sqlite:", "", "=postgresql://db/shop"}) {
    try {
      shop_at(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(),
                   "a shop lives at `postgresql://user@host/database` or `sqlite:path`, and this is neither\n"
                   "  hint: a connection of the project is named by `--connection NAME`");
    }
  }
  for (const char* text : {"postgresql://db", "postgresql://db/", "postgresql:shop"}) {
    try {
      shop_at(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(),
                   "a shop's address names no database that could name it\n  hint: give it a name: `--to branch_1=URL`");
    }
  }
}

TEST(ShopPlaceTest, OnlyKnowsDatabasesItCanWrite) {
  const Connection files{
      .name = "drop", .kind = "files", .url = "files:./drop", .location = "./drop", .position = {"lochan.yaml", 4, 3}};
  try {
    open_shop_database(files);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "lochan.yaml:4:3: a shop cannot live in `drop`, a connection of the kind `files`\n"
                 "  hint: give it a SQLite file, `sqlite:./data/shop.db`, or a PostgreSQL database, "
                 "`postgresql://user@host/shop`");
  }
}

}  // namespace
}  // namespace lochan
