#include "base/clock.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lochan {
namespace {

TEST(ClockTest, InstantsRoundTripThroughText) {
  const Instant instant = instant_from_micros(1'700'000'000'123'456);
  EXPECT_EQ(to_string(instant), "2023-11-14 22:13:20.123456+00");
  EXPECT_EQ(parse_instant(to_string(instant)), instant);
  EXPECT_EQ(to_iso8601(instant), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(to_millis(parse_instant(to_iso8601(instant))), to_millis(instant));
  EXPECT_EQ(to_string(parse_instant("2024-02-29T00:00:00Z")), "2024-02-29 00:00:00.000000+00");
}

TEST(ClockTest, RefusesWhatIsNoInstant) { EXPECT_THROW(parse_instant("yesterday"), Error); }

TEST(ClockTest, SystemClockIsNowInMicroseconds) {
  const SystemClock clock;
  const Instant first = clock.now();
  EXPECT_LE(first, clock.now());
  EXPECT_GT(to_micros(first), 1'700'000'000'000'000);
}

}  // namespace
}  // namespace lochan
