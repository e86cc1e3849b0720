#include "base/secret.h"

#include <gtest/gtest.h>

namespace lochan {
namespace {

TEST(SecretsTest, MasksEveryPlace) {
  Secrets secrets;
  secrets.add("hunter22");
  EXPECT_EQ(secrets.mask("postgresql://anna:hunter22@host and hunter22"), "postgresql://anna:***@host and ***");
}

TEST(SecretsTest, LongestFirstSoThatNoRestShows) {
  Secrets secrets;
  secrets.add("abcd");
  secrets.add("abcdefgh");
  EXPECT_EQ(secrets.mask("abcdefgh abcd"), "*** ***");
}

TEST(SecretsTest, ShortValuesAreLeft) {
  Secrets secrets;
  secrets.add("1");
  secrets.add("");
  EXPECT_EQ(secrets.mask("1 2 1"), "1 2 1");
}

}  // namespace
}  // namespace lochan
