#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hash.h"

namespace lochan {
namespace {

namespace fs = std::filesystem;

class FileTest : public ::testing::Test {
 protected:
  FileTest() : folder_(fs::temp_directory_path() / ("lochan-file-" + random_uuid())) { fs::create_directories(folder_); }
  ~FileTest() override { fs::remove_all(folder_); }
  const fs::path folder_;
};

TEST_F(FileTest, WritesWholeAndLeavesNothingElse) {
  write_file(folder_ / "a/b/c.txt", "one");
  write_file(folder_ / "a/b/c.txt", "two", Durability::Synced);
  EXPECT_EQ(read_file(folder_ / "a/b/c.txt"), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "a/b"), fs::directory_iterator()), 1);
}

TEST_F(FileTest, MissingFileIsNotFound) {
  try {
    read_file(folder_ / "nothing");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::NotFound);
    EXPECT_NE(error.message().find("nothing"), std::string::npos);
  }
}

TEST_F(FileTest, FullDiskSaysSo) {
  try {
    throw_file_error("write", "/dev/full", ENOSPC);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    EXPECT_STREQ(error.what(),
                 "cannot write `/dev/full`: No space left on device\n"
                 "  hint: free some space, then run again: nothing was published");
  }
}

TEST_F(FileTest, LockIsHeldByOneAndGoesWithItsHolder) {
  const fs::path path = folder_ / "runs/1.lock";
  EXPECT_FALSE(FileLock::is_held(path));
  {
    const auto lock = FileLock::try_acquire(path);
    ASSERT_TRUE(lock);
    EXPECT_FALSE(FileLock::try_acquire(path));
    EXPECT_TRUE(FileLock::is_held(path));
  }
  EXPECT_FALSE(FileLock::is_held(path));
}

TEST_F(FileTest, LockOfAKilledProcessIsFree) {
  const fs::path path = folder_ / "runs/2.lock";
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = FileLock::try_acquire(path);
    [[maybe_unused]] const auto written = ::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_TRUE(FileLock::is_held(path));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(FileLock::is_held(path));
}

}  // namespace
}  // namespace lochan
