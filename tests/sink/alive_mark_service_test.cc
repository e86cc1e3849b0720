// What shows that a writer lives, and is gone with it: at its end, or when the next one comes.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <optional>

#include "sink/alive_mark.h"
#include "tests/support/own_tmpdir.h"

namespace lochan {
namespace {

namespace fs = std::filesystem;

class AliveMarkTest : public OwnTmpdir {};

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
