#include "base/error.h"

#include <gtest/gtest.h>

namespace lochan {
namespace {

TEST(ErrorTest, SaysPositionMessageAndHint) {
  Error error(ErrorKind::Project, "no column `custmer_id` in `staging.orders`");
  error.at({"models/orders.sql", 12, 0}).hint("did you mean `customer_id`?");
  EXPECT_STREQ(error.what(),
               "models/orders.sql:12: no column `custmer_id` in `staging.orders`\n  hint: did you mean `customer_id`?");
}

TEST(ErrorTest, FirstPositionStays) {
  Error error(ErrorKind::Data, "x");
  error.at({"a.sql", 1, 2}).at({"b.sql", 3, 4});
  EXPECT_EQ(to_string(error.position()), "a.sql:1:2");
}

}  // namespace
}  // namespace lochan
