#include "run/pools.h"

#include <gtest/gtest.h>

#include "base/hash.h"

namespace lochan {
namespace {

class PoolsTest : public testing::Test {
 protected:
  PoolsTest() : home_(std::filesystem::temp_directory_path() / ("lochan-" + random_uuid())) {
    project_.connections["shop"].pool = 2;
    project_.connections["dwh"].pool = 1;
    project_.connections["files"].pool = 0;
  }
  ~PoolsTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(home_, ignored);
  }
  std::optional<Places> take(const std::vector<std::string>& names) { return Pools(project_, home_).try_take(names); }

  Project project_;
  const std::filesystem::path home_;
};

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
  EXPECT_FALSE(std::filesystem::exists(home_ / "pools"));
}

}  // namespace
}  // namespace lochan
