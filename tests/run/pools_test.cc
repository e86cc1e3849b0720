#include "tests/run/pools_fixture.h"

namespace lochan {
namespace {

TEST_F(PoolsTest, HasAsManyPlacesAsItsConnectionSays) {
  auto first = take({"shop"});
  const auto second = take({"shop"});
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(take({"shop"}));
  first.reset();
  EXPECT_TRUE(take({"shop"}));
}

TEST_F(PoolsTest, GivesAllPlacesOrNone) {
  const auto held = take({"dwh"});
  EXPECT_FALSE(take({"shop", "dwh"}));
  const auto first = take({"shop"});
  const auto second = take({"shop"});
  EXPECT_TRUE(first && second) << "a place of `shop` was kept by the one that didn't get `dwh`";
}

TEST_F(PoolsTest, AConnectionWithoutAPoolIsForAll) {
  const auto first = take({"files"});
  const auto second = take({"files"});
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(first->empty());
  EXPECT_FALSE(std::filesystem::exists(folder_ / "host_1/.lochan/pools"));
}

}  // namespace
}  // namespace lochan
