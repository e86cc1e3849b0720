#include "base/text.h"

#include <gtest/gtest.h>

namespace lochan::text {
namespace {

TEST(TextTest, NearestFindsTheLikelyWord) {
  const std::vector<std::string> names = {"customer_id", "order_id", "price"};
  EXPECT_EQ(nearest("custmer_id", names), "customer_id");
  EXPECT_EQ(nearest("PRICE", names), "price");
  EXPECT_EQ(nearest("prcie", names), "price");  // two neighbours swapped
  EXPECT_EQ(nearest("zzz", names), "");
  EXPECT_EQ(did_you_mean("pric", names, "none"), "did you mean `price`?");
  EXPECT_EQ(did_you_mean("zzz", names, "none"), "none");
}

TEST(TextTest, LineAndColumnCountFromOne) {
  const std::string_view sql = "select 1\n  from x";
  EXPECT_EQ(line_column(sql, 0).line, 1);
  EXPECT_EQ(line_column(sql, 11).line, 2);
  EXPECT_EQ(line_column(sql, 11).column, 3);
  EXPECT_EQ(line_column(sql, 999).line, 2);  // past the end is the end
}

TEST(TextTest, SplitKeepsEmptyParts) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (std::vector<std::string>{""}));
}

TEST(TextTest, NumbersForPeople) {
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(1'500'000), "1.5 MB");
  EXPECT_EQ(human_seconds(0.012), "12 ms");
  EXPECT_EQ(human_seconds(3.42), "3.4 s");
  EXPECT_EQ(human_seconds(125), "2 min 5 s");
  EXPECT_EQ(plural(1, "row"), "1 row");
  EXPECT_EQ(plural(0, "row"), "0 rows");
}

}  // namespace
}  // namespace lochan::text
