#include "run/program_output.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lochan {
namespace {

using Lines = std::vector<std::string>;

class ProgramOutputTest : public testing::Test {
 protected:
  Lines said_;
  ProgramOutput output_{[this](std::string_view line) { said_.emplace_back(line); }};
};

TEST_F(ProgramOutputTest, IsCutIntoLinesWhereverItsPartsEnd) {
  for (const char* part : {"on", "e\ntw", "o\r\n", "\nthr", "ee"}) output_.add(part);
  EXPECT_EQ(said_, (Lines{"one", "two", ""}));
  output_.finish();
  EXPECT_EQ(said_, (Lines{"one", "two", "", "three"}));
  EXPECT_EQ(output_.last_lines(), "\n    one\n    two\n    \n    three");
}

TEST_F(ProgramOutputTest, WhatIsNoTextIsReplaced) {
  output_.add(std::string_view("a\0b\x1b[31m\tc\n", 11));
  output_.add("gr\xc3\xbc\xc3\x9f\n\xff\xfe\n");
  EXPECT_EQ(said_, (Lines{"a?b?[31m c", "gr\xc3\xbc\xc3\x9f", "??"}));
}

TEST_F(ProgramOutputTest, ALongLineIsCut) {
  output_.add(std::string(100'000, 'x'));
  output_.add(std::string(100'000, 'y') + "\nnext\n");
  ASSERT_EQ(said_.size(), 2U);
  EXPECT_LE(said_[0].size(), ProgramOutput::kLongestLine);
  EXPECT_TRUE(said_[0].ends_with("x …"));
  EXPECT_EQ(said_[1], "next");
}

TEST_F(ProgramOutputTest, OfAnEndlessOutputTheBeginningIsSaidAndTheEndKept) {
  for (int i = 0; i < 100'000; ++i) output_.add("line " + std::to_string(i) + "\nand more of it, to have more of it\n");
  output_.add("the end\n");
  std::size_t bytes = 0;
  for (const std::string& line : said_) bytes += line.size();
  EXPECT_LT(bytes, ProgramOutput::kMostBytes + 1000);
  EXPECT_EQ(said_.back(), "… it says more than is kept: the rest is left out");
  EXPECT_TRUE(output_.last_lines().ends_with("\n    line 99999\n    and more of it, to have more of it\n    the end"));
}

}  // namespace
}  // namespace lochan
