#include "schedule/process_launcher.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"

namespace lochan {
namespace {

class ProcessLauncherTest : public testing::Test {
 protected:
  ProcessLauncherTest() : folder_(std::filesystem::temp_directory_path() / ("lochan-" + random_uuid())) {
    std::filesystem::create_directories(folder_);
  }
  ~ProcessLauncherTest() override {
    launcher_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  /// A program that is called with `-C FOLDER` and the arguments.
  void use(const std::string& script) {
    const std::filesystem::path program = folder_ / "program";
    write_file(program, "#!/bin/sh\n" + script);
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    launcher_ = std::make_unique<ProcessLauncher>(folder_, folder_ / ".lochan", program.string());
  }
  std::vector<EndedProcess> wait() {
    for (const int descriptor : launcher_->descriptors()) {
      pollfd ended{descriptor, POLLIN, 0};
      ::poll(&ended, 1, 60'000);
    }
    return launcher_->take_ended();
  }

  const std::filesystem::path folder_;
  const TickKey tick_{"shops", parse_instant("2026-11-21T10:05:00Z")};
  std::unique_ptr<ProcessLauncher> launcher_;
};

TEST_F(ProcessLauncherTest, TellsHowItEndedAndItsLastWords) {
  use("echo \"$@\"; echo; echo 'error: the lake is away' >&2; echo '  hint: bring it back' >&2; exit 3\n");
  const std::int64_t process = launcher_->start(tick_, {"run", "--tick", to_string(tick_)});
  const auto ended = wait();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].process, process);
  EXPECT_EQ(ended[0].status.code, 3);
  EXPECT_EQ(ended[0].last_words, "the lake is away");
  EXPECT_EQ(read_file(folder_ / ".lochan" / "logs" / "tick-shops.log").substr(0, 9 + folder_.string().size()),
            "-C " + folder_.string() + " run -");
  EXPECT_TRUE(launcher_->take_ended().empty());
}

TEST_F(ProcessLauncherTest, ProcessGoesOnWithoutItsLauncher) {
  // It ends when somebody reads what it has to say.
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  use("echo lives > \"$2/pipe\"\n");
  const std::int64_t process = launcher_->start(tick_, {"run", "--tick", to_string(tick_)});
  const TickKey other{"shops", tick_.due_at + std::chrono::minutes{5}};
  launcher_ = std::make_unique<ProcessLauncher>(folder_, folder_ / ".lochan");
  EXPECT_TRUE(launcher_->is_alive(tick_, process));
  EXPECT_FALSE(launcher_->is_alive(other, process));  // not that tick's
  EXPECT_FALSE(launcher_->is_alive(tick_, 0));
  std::ifstream pipe(folder_ / "pipe");
  std::string word;
  pipe >> word;
  EXPECT_EQ(word, "lives");
}

TEST_F(ProcessLauncherTest, SignalsReachItAndNobodyElse) {
  use("mkfifo \"$2/never\"; read line < \"$2/never\"\n");
  const std::int64_t process = launcher_->start(tick_, {"run", "--tick", to_string(tick_)});
  launcher_->signal(tick_, process, SIGKILL);
  const auto ended = wait();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].status.signal, SIGKILL);
  launcher_->signal(tick_, process, SIGKILL);  // it is nobody's by now
}

TEST_F(ProcessLauncherTest, SaysWhyNothingCanBeStarted) {
  launcher_ = std::make_unique<ProcessLauncher>(folder_, folder_ / ".lochan", (folder_ / "nowhere").string());
  EXPECT_THROW(launcher_->start(tick_, {}), Error);
  EXPECT_TRUE(launcher_->take_ended().empty());
}

}  // namespace
}  // namespace lochan
