// Which files are read: each once, when it is whole.
#include "source/file_picks.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "tests/source/load_fixture.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class FilePicks : public LoadFixture {
 protected:
  FilePicks() {
    kind_ = "files";
    table_.from = "*.csv";
    table_.load = LoadMode::Incremental;
    std::filesystem::create_directories(drop());
  }
  std::filesystem::path drop() const { return folder_ / "shop"; }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((drop() / name).parent_path());
    std::ofstream(drop() / name, std::ios::binary) << text;
  }
  void age(const std::string& name, std::chrono::seconds by) const {
    std::filesystem::last_write_time(drop() / name, std::filesystem::last_write_time(drop() / name) - by);
  }
  std::vector<std::string> loaded() { return rows("select id, _file from LAKE.raw.sale order by all"); }
};

TEST_F(FilePicks, AFileIsReadOnceNothingHasChangedItForAsLongAsTheTableSays) {
  table_.options["settle"] = "1h";
  write("old.csv", "id\n1\n");
  age("old.csv", std::chrono::hours{2});
  write("new.csv", "id\n2\n");
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_FALSE(load().changed);
  age("new.csv", std::chrono::hours{2});
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_THAT(loaded(), ElementsAre("1|old.csv", "2|new.csv"));
}

TEST_F(FilePicks, WhatIsNotReadyYetIsSaidBeforeTheFirstLoad) {
  table_.options["settle"] = "1h";
  write("new.csv", "id\n2\n");
  EXPECT_THAT(
      error([&] { make_source(connection())->describe(table_, {}); }),
      HasSubstr(
          "unavailable: connection `shop`: no file of `sale` is ready: `new.csv` was changed within the last 1h"));
}

TEST_F(FilePicks, TheMarkOfChangesMovesWhenAFileIsReady) {
  table_.options["marker"] = ".done";
  write("a.csv", "id\n1\n");
  const SourceTable* const tables[] = {&table_};
  const auto mark = [&] { return make_source(connection())->change_mark(tables); };
  const auto before = mark();
  EXPECT_EQ(mark(), before);
  write("a.csv.done", "");
  EXPECT_NE(mark(), before);
}

TEST_F(FilePicks, AMarkerSaysThatAFileIsWhole) {
  table_.from = "**.csv";
  table_.options["marker"] = ".done";
  write("a.csv", "id\n1\n");
  write("a.csv.done", "");
  write("b.csv", "id\n2\n");
  EXPECT_EQ(load().rows_written, 1);
  write("b.csv.done", "");
  EXPECT_EQ(load().rows_written, 1);
  table_.options["marker"] = "_SUCCESS";
  write("day/c.csv", "id\n3\n");
  EXPECT_FALSE(load().changed);
  write("day/_SUCCESS", "");
  EXPECT_EQ(load().rows_written, 1);
}

TEST_F(FilePicks, AFileThatIsOpenForWritingIsLeftForAnotherTime) {
  write("a.csv", "id\n1\n");
  const int opened = ::open((drop() / "b.csv").c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_EQ(::write(opened, "id\n2", 4), 4);
  EXPECT_EQ(load().rows_written, 1);
  ASSERT_EQ(::write(opened, "2\n", 2), 2);
  ::close(opened);
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_THAT(loaded(), ElementsAre("1|a.csv", "22|b.csv"));
}

TEST_F(FilePicks, AFileThatIsMovedIsNotReadAgain) {
  write("a.csv", "id\n1\n");
  load();
  std::filesystem::rename(drop() / "a.csv", drop() / "b.csv");
  EXPECT_EQ(load().rows_written, 0);
  EXPECT_FALSE(load().changed);
  EXPECT_THAT(loaded(), ElementsAre("1|a.csv"));
}

TEST_F(FilePicks, AFileWithASetTimeIsNotTakenForAMovedOne) {
  const auto write_at_midnight = [&](const std::string& name, const std::string& text) {
    write(name, text);
    std::filesystem::last_write_time(
        drop() / name, std::filesystem::file_time_type::clock::from_sys(
                           std::chrono::sys_seconds{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}}));
  };
  write_at_midnight("a.csv", "id\n1\n");
  load();
  std::filesystem::remove(drop() / "a.csv");
  write_at_midnight("b.csv", "id\n2\n");
  EXPECT_EQ(load().rows_written, 1);
}

TEST_F(FilePicks, FilesThatAreGoneLeaveTheirRows) {
  write("a.csv", "id\n1\n");
  write("b.csv", "id\n2\n");
  load();
  std::filesystem::remove(drop() / "a.csv");
  EXPECT_FALSE(load().changed);
  write("a.csv", "id\n1\n");
  EXPECT_EQ(load().rows_written, 0);
}

TEST_F(FilePicks, ALoadReadsEachFileOnceHoweverManyThereAre) {
  for (int i = 0; i < 300; ++i) write(fmt::format("{:03}.csv", i), fmt::format("id\n{}\n", i));
  EXPECT_EQ(load().rows_written, 300);
  write("300.csv", "id\n300\n");
  EXPECT_EQ(load().rows_read, 1);
}

}  // namespace
}  // namespace lochan
