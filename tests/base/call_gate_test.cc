#include "base/call_gate.h"

#include <gtest/gtest.h>

namespace lochan {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const CallGate::Time kStart{std::chrono::hours{1}};

TEST(CallGate, LetsSoManyGoInAnyStretchOfThePeriod) {
  CallGate gate(2, seconds{10});
  EXPECT_EQ(gate.take(kStart).count(), 0);
  EXPECT_EQ(gate.take(kStart + seconds{4}).count(), 0);
  EXPECT_EQ(gate.take(kStart + seconds{5}), seconds{5});
  EXPECT_EQ(gate.take(kStart + milliseconds{9'999}), milliseconds{1});
  EXPECT_EQ(gate.take(kStart + seconds{10}).count(), 0);
  EXPECT_EQ(gate.take(kStart + seconds{10}), seconds{4});  // not at the next full period: four seconds after the second call
  EXPECT_EQ(gate.take(kStart + seconds{14}).count(), 0);
}

TEST(CallGate, LetsNothingGoBeforeWhatTheOtherSideNamed) {
  CallGate gate(0, seconds{0});
  EXPECT_EQ(gate.take(kStart).count(), 0);
  gate.hold(kStart + seconds{3});
  gate.hold(kStart + seconds{1});
  EXPECT_EQ(gate.take(kStart + seconds{2}), seconds{1});
  EXPECT_EQ(gate.take(kStart + seconds{3}).count(), 0);
}

TEST(CallGate, WhatIsHeldTakesNoPlace) {
  CallGate gate(1, seconds{10});
  gate.hold(kStart + seconds{1});
  EXPECT_EQ(gate.take(kStart), seconds{1});
  EXPECT_EQ(gate.take(kStart + seconds{1}).count(), 0);
  EXPECT_EQ(gate.take(kStart + seconds{2}), seconds{9});
}

}  // namespace
}  // namespace lochan
