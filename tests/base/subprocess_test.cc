#include "base/subprocess.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/error.h"

namespace lochan {
namespace {

std::string output_of(Subprocess& process) {
  std::string text;
  char buffer[256];
  for (;;) {
    pollfd waiting{process.output(), POLLIN, 0};
    ::poll(&waiting, 1, 10'000);
    const ssize_t count = read(process.output(), buffer, sizeof buffer);
    if (count <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

TEST(Subprocess, GivesOutputAndErrorInOrder) {
  Subprocess process({.command = {"sh", "-c", "echo one; echo two >&2; exit 3"}});
  EXPECT_EQ(output_of(process), "one\ntwo\n");
  EXPECT_EQ(to_string(process.wait()), "exit code 3");
}

TEST(Subprocess, HasArgumentsAsTheyAre) {
  Subprocess process({.command = {"printf", "%s|", "a b", "$HOME", ""}});
  EXPECT_EQ(output_of(process), "a b|$HOME||");
}

TEST(Subprocess, HasItsEnvironmentAndFolder) {
  setenv("LOCHAN_TEST_TAKEN", "1", 1);
  Subprocess process({.command = {"sh", "-c", "echo $LOCHAN_TEST_GIVEN ${LOCHAN_TEST_TAKEN-none} $PWD"},
                      .environment = {{"LOCHAN_TEST_GIVEN", "x"}, {"LOCHAN_TEST_TAKEN", ""}},
                      .folder = "/usr"});
  EXPECT_EQ(output_of(process), "x none /usr\n");
}

TEST(Subprocess, SaysWhatCannotBeStarted) {
  try {
    Subprocess process({.command = {"no-such-program"}});
    FAIL() << "it was started";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("`no-such-program` can't be started: No such file or directory"));
  }
  EXPECT_THROW(Subprocess({.command = {"true"}, .folder = "/no/such/folder"}), Error);
  EXPECT_THROW(Subprocess({.command = {"/etc/passwd"}}), Error);
}

TEST(Subprocess, SignalsTheWholeGroup) {
  Subprocess process({.command = {"sh", "-c", "sleep 1000 & echo up; wait"}});
  pollfd waiting{process.output(), POLLIN, 0};
  ASSERT_EQ(::poll(&waiting, 1, 10'000), 1);
  EXPECT_FALSE(process.poll());
  process.signal(SIGTERM);
  EXPECT_EQ(to_string(process.wait()), "killed by signal 15 (Terminated)");
  EXPECT_EQ(output_of(process), "up\n");  // ends: its child is gone too
}

TEST(Subprocess, KeepsToItsLimits) {
  Subprocess process({.command = {"python3", "-c", "bytearray(1 << 30)"}, .memory_bytes = 512u << 20});
  EXPECT_THAT(output_of(process), testing::HasSubstr("MemoryError"));
  EXPECT_EQ(process.wait().code, 1);
}

TEST(Subprocess, TakesItsGroupAlongWhereThatIsAsked) {
  Subprocess process({.command = {"sh", "-c", "sleep 1000 & echo $!"}, .ends_group = true});
  EXPECT_TRUE(process.wait().succeeded());
  const std::string left = output_of(process);  // ends: the pipe's last writer is gone
  EXPECT_GT(std::stoi(left), 1);
}

TEST(Subprocess, HasNoneOfOurDescriptors) {
  const int ours = ::fcntl(STDERR_FILENO, F_DUPFD, 200);  // without FD_CLOEXEC, as libraries open theirs
  ASSERT_GE(ours, 200);
  Subprocess process({.command = {"sh", "-c", "ls /proc/$$/fd"}});
  const std::string open = output_of(process);
  EXPECT_EQ(open.find(std::to_string(ours)), std::string::npos) << open;
  ::close(ours);
}

TEST(Subprocess, EndsWithItsObject) {
  pid_t id = 0;
  {
    Subprocess process({.command = {"sleep", "1000"}});
    id = process.id();
    EXPECT_EQ(kill(id, 0), 0);
  }
  EXPECT_EQ(kill(id, 0), -1);
}

}  // namespace
}  // namespace lochan
