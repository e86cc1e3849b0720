// What shows that a writer lives, and is gone with it: at its end, or when the next one comes.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <optional>

#include "base/hash.h"
#include "sink/alive_mark.h"

namespace lochan {
namespace {

namespace fs = std::filesystem;

class AliveMarkTest : public testing::Test {
 protected:
  AliveMarkTest() {
    fs::create_directories(where_);
    ::setenv("TMPDIR", where_.c_str(), 1);
  }
  ~AliveMarkTest() override {
    ::unsetenv("TMPDIR");
    fs::remove_all(where_);
  }
  std::ptrdiff_t count() const { return std::distance(fs::directory_iterator(where_), fs::directory_iterator()); }

  const fs::path where_ = fs::temp_directory_path() / ("lochan-" + random_uuid());
};

TEST_F(AliveMarkTest, IsGoneWithItsWriter) {
  std::optional<AliveMark> writer(std::in_place);
  EXPECT_FALSE(AliveMark::is_dead(AliveMark::host(), writer->id()));
  const std::string id = writer->id();
  writer.reset();
  EXPECT_TRUE(AliveMark::is_dead(AliveMark::host(), id));
  EXPECT_EQ(count(), 0);
}

TEST_F(AliveMarkTest, WhatAKilledWriterLeftGoesWithTheNextAndALivingOnesStays) {
  const ::pid_t child = ::fork();
  if (child == 0) {
    const AliveMark mark;
    ::_exit(9);
  }
  ::waitpid(child, nullptr, 0);
  ASSERT_EQ(count(), 1);
  const AliveMark writer;
  EXPECT_EQ(count(), 1);
  const AliveMark other;
  EXPECT_EQ(count(), 2);
  EXPECT_FALSE(AliveMark::is_dead(AliveMark::host(), writer.id()));
}

TEST_F(AliveMarkTest, OtherFilesStay) {
  std::ofstream(where_ / "lochan-serve.lock") << "";
  std::ofstream(where_ / ("lochan-" + random_uuid())) << "";
  const AliveMark writer;
  EXPECT_EQ(count(), 3);
}

}  // namespace
}  // namespace lochan
