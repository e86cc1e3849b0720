// A folder of one attempt: gone with it, and what a dead process left goes with the next.
#include "base/temporary_folder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <optional>

#include "tests/support/own_tmpdir.h"

namespace lochan {
namespace {

namespace fs = std::filesystem;

class TemporaryFolderTest : public OwnTmpdir {};

TEST_F(TemporaryFolderTest, IsGoneWithItsOwner) {
  {
    TemporaryFolder folder, other;
    std::ofstream(folder.path() / "1.csv") << "x";
    other.path();
    EXPECT_EQ(count(), 2);
  }
  EXPECT_EQ(count(), 0);
}

TEST_F(TemporaryFolderTest, WhatWasLeftInTheMiddleOfItsMakingIsRemoved) {
  fs::create_directories(where_ / "lochan-files-abcdef");
  fs::create_directories(where_ / "somebodys");
  TemporaryFolder folder;
  folder.path();
  EXPECT_FALSE(fs::exists(where_ / "lochan-files-abcdef"));
  EXPECT_TRUE(fs::exists(where_ / "somebodys"));
}

TEST_F(TemporaryFolderTest, WhatAKilledProcessLeftIsRemovedAndALivingOnesStays) {
  const ::pid_t child = ::fork();
  if (child == 0) {
    TemporaryFolder folder;
    std::ofstream(folder.path() / "1.csv") << "x";
    ::_exit(9);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(count(), 1);
  TemporaryFolder folder;
  folder.path();
  EXPECT_EQ(count(), 1);
  TemporaryFolder other;
  other.path();
  EXPECT_TRUE(fs::exists(folder.path()));
  EXPECT_EQ(count(), 2);
}

}  // namespace
}  // namespace lochan
