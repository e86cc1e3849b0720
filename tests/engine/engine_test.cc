#include "engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace lochan {
namespace {

using testing::HasSubstr;

class EngineTest : public testing::Test {
 protected:
  EngineTest() : folder_(std::filesystem::temp_directory_path() / ("lochan-engine-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~EngineTest() override { std::filesystem::remove_all(folder_); }

  const std::filesystem::path folder_;
};

TEST_F(EngineTest, IsOpenedByItsFirstSession) {
  Engine engine({});
  EXPECT_FALSE(engine.is_open());
  EXPECT_FALSE(engine.is_invalidated());
  const auto session = engine.open_session();
  EXPECT_TRUE(engine.is_open());
  EXPECT_EQ(session->lake(), "");
}

TEST_F(EngineTest, TakesItsSettings) {
  Engine engine(EngineOptions{.memory_limit = "100MiB", .threads = 3, .spill = folder_ / "spill"});
  const auto session = engine.open_session();
  const auto setting = [&](const std::string& name) {
    return session->query("select current_setting('" + name + "')").rows.at(0).at(0).value();
  };
  EXPECT_EQ(setting("memory_limit"), "100.0 MiB");
  EXPECT_EQ(setting("threads"), "3");
  EXPECT_EQ(setting("temp_directory"), (folder_ / "spill").string());
  EXPECT_EQ(setting("TimeZone"), "UTC");
  for (const char* name : {"allow_unsigned_extensions", "autoinstall_known_extensions", "autoload_known_extensions"})
    EXPECT_EQ(setting(name), "false") << name;
}

TEST_F(EngineTest, SaysWhichSettingIsWrong) {
  Engine engine(EngineOptions{.memory_limit = "much"});
  try {
    engine.open_session();
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Project);
    EXPECT_THAT(error.message(), HasSubstr("much"));
    EXPECT_THAT(error.hint(), HasSubstr("lochan.yaml"));
  }
}

TEST_F(EngineTest, SpillsWhatDoesNotFit) {
  Engine engine(EngineOptions{.memory_limit = "60MB", .threads = 2, .spill = folder_ / "spill"});
  const auto session = engine.open_session();
  // About 100 MB of distinct keys.
  const Rows rows =
      session->query("select count(*) from (select distinct 'key of some length ' || i as k from range(2000000) r(i))");
  EXPECT_EQ(rows.integer(), 2'000'000);
}

TEST_F(EngineTest, RunsOutOfMemoryAsAnErrorWithAHint) {
  Engine engine(EngineOptions{.memory_limit = "30MB", .threads = 1, .spill = folder_ / "spill"});
  const auto session = engine.open_session();
  try {
    session->query("select length(string_agg(repeat('x', 1000), '')) from range(1000000)");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    EXPECT_THAT(error.message(), HasSubstr("the engine ran out of memory"));
    EXPECT_THAT(error.hint(), HasSubstr("engine.memory_limit"));
  }
  EXPECT_EQ(session->query("select 1").integer(), 1);
}

TEST_F(EngineTest, LoadsAnExtensionForAllSessions) {
  Engine engine(EngineOptions{.threads = 1});
  const auto session = engine.open_session();
  const auto other = engine.open_session();
  session->load_extension("sqlite_scanner");
  session->load_extension("sqlite_scanner");
  other->execute("attach '" + (folder_ / "new.db").string() +
                 "' as shop (type sqlite); create table shop.t as select 5 as i");
  EXPECT_EQ(session->query("select i from shop.t").integer(), 5);
}

}  // namespace
}  // namespace lochan
