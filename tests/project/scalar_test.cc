#include "project/scalar.h"

#include <gtest/gtest.h>

namespace lochan {
namespace {

using std::chrono::milliseconds;

TEST(Scalar, ReadsDurations) {
  const std::pair<std::string_view, std::int64_t> good[] = {
      {"0", 0},
      {"500ms", 500},
      {"30s", 30'000},
      {"10m", 600'000},
      {"2h", 7'200'000},
      {"7d", 604'800'000},
      {"1w", 604'800'000},
      {"1h30m", 5'400'000},
      {"36500d", 36'500ll * 86'400'000},
  };
  for (const auto& [text, expected] : good) EXPECT_EQ(parse_duration(text), milliseconds(expected)) << text;
  for (const std::string_view bad :
       {"", "5", "m", "10 m", "-1m", "1.5h", "10min", "1h 30m", "99999d", "9223372036854775807s"})
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
}

TEST(Scalar, ShowsDurationsAsTheyAreWritten) {
  for (const std::string_view text : {"0", "250ms", "90s", "10m", "1h", "7d"})
    EXPECT_EQ(show_duration(parse_duration(text).value()), text);
}

TEST(Scalar, KnowsNumbersFromText) {
  for (const std::string_view good : {"0", "-1", "+3", "1.5", ".5", "5.", "1e3", "2E-4"})
    EXPECT_TRUE(is_number(good)) << good;
  for (const std::string_view bad : {"", "-", ".", "1.2.3", "1e", "0x1f", "1_000", "nan", "2020-01-01"})
    EXPECT_FALSE(is_number(bad)) << bad;
}

TEST(Scalar, KnowsSizes) {
  for (const std::string_view good : {"512MB", "4gb", "1.5 GiB", "100KB"}) EXPECT_TRUE(is_size(good)) << good;
  for (const std::string_view bad : {"", "MB", "512", "80%", "-1GB", "4 potatoes", "1.2.3GB"})
    EXPECT_FALSE(is_size(bad)) << bad;
}

TEST(Scalar, FindsWhatIsNotUtf8) {
  EXPECT_EQ(find_not_utf8("Łódź € 𝄞 \t\r\n"), std::nullopt);
  EXPECT_EQ(find_not_utf8(std::string_view("a\0b", 3)), 1u);
  EXPECT_EQ(find_not_utf8("a\xFF"), 1u);
  EXPECT_EQ(find_not_utf8("ab\xC0\x80"), 2u);        // an overlong zero
  EXPECT_EQ(find_not_utf8("\xED\xA0\x80"), 0u);      // half of a surrogate pair
  EXPECT_EQ(find_not_utf8("\xF4\x90\x80\x80"), 0u);  // beyond Unicode
  EXPECT_EQ(find_not_utf8("\xE2\x82"), 0u);          // cut off
}

TEST(Scalar, CutsNoLetterInHalf) {
  EXPECT_EQ(cut_text("Łódź", 3), "Ł");
  EXPECT_EQ(cut_text("Łódź", 4), "Łó");
  EXPECT_EQ(cut_text("short", 60), "short");
}

}  // namespace
}  // namespace lochan
