#include <cstdlib>

#include "tests/run/pools_fixture.h"

namespace lochan {
namespace {

using PoolsService = PoolsTest;

TEST_F(PoolsService, OfSeveralHostsAreOne) {
  ::setenv("LOCHAN_TEST_STATE", "postgresql", 1);
  Host other(folder_ / "host_2", folder_);
  auto first = take({"shop"});
  const auto second = other.take({"shop"});
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(take({"shop"}));
  EXPECT_FALSE(other.take({"shop"}));
  first.reset();
  EXPECT_TRUE(other.take({"shop"}));
}

}  // namespace
}  // namespace lochan
