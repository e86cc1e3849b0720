#include "simulate/random.h"

#include <gtest/gtest.h>

#include <array>

namespace lochan {
namespace {

// Worked out by another implementation of SplitMix64. They may never change: with them every shop would.
TEST(Random, IsTheSameEverywhere) {
  Random random(42, "branch_1", 7);
  EXPECT_EQ(random.next(), 13507594484579006465u);
  EXPECT_EQ(random.next(), 1731884692582442785u);
  EXPECT_EQ(random.below(1000), 528);
}

TEST(Random, DiffersBySeedNameAndNumber) {
  const auto first = Random(1, "a", 1).next();
  EXPECT_NE(first, Random(2, "a", 1).next());
  EXPECT_NE(first, Random(1, "b", 1).next());
  EXPECT_NE(first, Random(1, "a", 2).next());
}

TEST(Random, BetweenReachesBothEndsAboutEquallyOften) {
  Random random(1, "dice", 0);
  std::array<int, 6> seen{};
  for (int i = 0; i < 6000; ++i) ++seen.at(static_cast<std::size_t>(random.between(1, 6) - 1));
  for (const int count : seen) {
    EXPECT_GT(count, 850);
    EXPECT_LT(count, 1150);
  }
}

TEST(Random, BelowNothingIsZero) { EXPECT_EQ(Random(1, "", 0).below(0), 0); }

}  // namespace
}  // namespace lochan
