#include "serve/event_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

namespace lochan {
namespace {

class FixedClock final : public Clock {
 public:
  Instant now() const override { return parse_instant("2026-11-21T03:46:00.123Z"); }
};

class EventLogTest : public testing::Test {
 protected:
  EventLogTest() { secrets_.add("hunter2!\""); }
  ~EventLogTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  EventLogOptions options() {
    EventLogOptions options;
    options.file = folder_ / "logs" / "serve.log";
    options.console = [this](std::string_view line) { console_.emplace_back(line); };
    return options;
  }
  std::vector<std::string> lines(const std::string& suffix = "") const {
    auto lines = text::split(read_file(folder_ / "logs" / ("serve.log" + suffix)), '\n');
    lines.pop_back();
    return lines;
  }

  const std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("lochan-" + random_uuid());
  const FixedClock clock_;
  Secrets secrets_;
  std::vector<std::string> console_;
};

TEST_F(EventLogTest, WritesAnEventALineWithItsFields) {
  EventLog log(options(), clock_, secrets_);
  log.event(LogLevel::Info, "run started", {{"run", 42}, {"schedule", "hourly"}, {"why", "a=b c"}, {"none", ""}});
  const std::string line =
      R"(time=2026-11-21T03:46:00.123Z level=info event="run started" run=42 schedule=hourly why="a=b c" none="")";
  EXPECT_EQ(lines(), std::vector{line});
  EXPECT_EQ(console_, std::vector{line});
}

TEST_F(EventLogTest, ABreakInATextDoesNotBreakTheLine) {
  EventLog log(options(), clock_, secrets_);
  log.write(LogLevel::Error, "no column\n  hint: \"x\"");
  EXPECT_EQ(lines(),
            std::vector<std::string>{R"(time=2026-11-21T03:46:00.123Z level=error event="no column\n  hint: \"x\"")"});
}

TEST_F(EventLogTest, WritesJsonWhenAsked) {
  EventLogOptions json = options();
  json.json = true;
  EventLog log(json, clock_, secrets_);
  log.event(LogLevel::Warn, "odd", {{"run", 42}, {"path", "a\\b"}});
  const Json line = Json::parse(lines().at(0));
  EXPECT_EQ(line, Json({{"time", "2026-11-21T03:46:00.123Z"},
                        {"level", "warn"},
                        {"event", "odd"},
                        {"run", 42},
                        {"path", "a\\b"}}));
}

TEST_F(EventLogTest, MasksSecretsThatQuotingWouldHide) {
  EventLog log(options(), clock_, secrets_);
  log.event(LogLevel::Info, "bearing hunter2!\"", {{"token", "hunter2!\""}});
  EXPECT_EQ(lines().at(0).find("hunter2"), std::string::npos) << lines().at(0);
}

TEST_F(EventLogTest, KeepsDebugLinesToItselfUnlessItIsVerbose) {
  EventLog quiet(options(), clock_, secrets_);
  quiet.write(LogLevel::Debug, "detail");
  EXPECT_TRUE(lines().empty());
  EventLogOptions verbose = options();
  verbose.verbose = true;
  EventLog(verbose, clock_, secrets_).write(LogLevel::Debug, "detail");
  EXPECT_EQ(lines().size(), 1U);
}

TEST_F(EventLogTest, RotatesBySizeAndKeepsTheNewest) {
  EventLogOptions small = options();
  small.rotate_bytes = 200;  // two of these lines
  small.keep = 2;
  EventLog log(small, clock_, secrets_);
  for (int i = 1; i <= 9; ++i) log.event(LogLevel::Info, "a line of some length or other", {{"number", i}});
  EXPECT_EQ(lines().size(), 1U);
  EXPECT_NE(lines()[0].find("number=9"), std::string::npos);
  EXPECT_NE(lines(".1").at(1).find("number=8"), std::string::npos);
  EXPECT_NE(lines(".2").at(0).find("number=5"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "logs" / "serve.log.3"));
}

TEST_F(EventLogTest, GoesOnInAFileThatIsThere) {
  EventLog(options(), clock_, secrets_).write(LogLevel::Info, "first");
  EventLog(options(), clock_, secrets_).write(LogLevel::Info, "second");
  EXPECT_EQ(lines().size(), 2U);
}

}  // namespace
}  // namespace lochan
