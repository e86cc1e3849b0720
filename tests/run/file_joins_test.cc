#include "run/file_joins.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace lochan {
namespace {

using testing::ElementsAre;

constexpr std::uint64_t kMegabyte = 1'000'000;

class FileJoinsTest : public testing::Test {
 protected:
  void add(std::string dt, std::uint64_t size, int count = 1) {
    for (int i = 0; i < count; ++i) {
      LakeFile file;
      file.path = fmt::format("{}/{}", dt, files_.size());
      file.partition["dt"] = dt;
      file.rows = 1000;
      file.size_bytes = size;
      file.sequence_number = 1;
      files_.push_back(std::move(file));
    }
  }
  void add_deletes(std::string from, std::int64_t rows, std::string dt = "1", std::int64_t sequence = 2) {
    LakeFile file;
    file.path = fmt::format("deletes/{}", files_.size());
    file.is_delete = true;
    file.partition["dt"] = dt;
    file.rows = rows;
    file.size_bytes = 1000;
    file.sequence_number = sequence;
    file.deletes_from = std::move(from);
    files_.push_back(std::move(file));
  }
  std::vector<FileJoin> plan() const { return plan_joins(files_, config_); }

  MaintainConfig config_{.target_bytes = 100 * kMegabyte};
  std::vector<LakeFile> files_;
};

TEST_F(FileJoinsTest, JoinsSmallFilesOfOnePartition) {
  add("1", 1000, 6);
  add("2", 1000, 4);  // too few to be worth it
  const auto joins = plan();
  ASSERT_EQ(joins.size(), 1U);
  EXPECT_THAT(joins[0].files, ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_EQ(joins[0].saved, 5);
  EXPECT_EQ(joins[0].size_bytes, 6000U);
}

TEST_F(FileJoinsTest, LeavesWhatIsLargeAlone) {
  add("1", 80 * kMegabyte, 10);
  EXPECT_TRUE(plan().empty());
  add("1", 2 * kMegabyte, 5);
  ASSERT_EQ(plan().size(), 1U);
  EXPECT_EQ(plan()[0].files.size(), 5U);
}

TEST_F(FileJoinsTest, FillsFilesUpToTheTarget) {
  add("1", 30 * kMegabyte, 7);
  add("1", 10 * kMegabyte, 1);
  add("1", kMegabyte, 5);
  std::size_t files = 0;
  for (const FileJoin& join : plan()) {
    EXPECT_LE(join.size_bytes, config_.target_bytes);
    files += join.files.size();
  }
  EXPECT_GE(files, 11U);
}

// A little is added again and again, and all of it is tended each time: what is written anew in all stays small.
TEST_F(FileJoinsTest, WritesARowAnewRarely) {
  std::uint64_t written = 0, added = 0;
  for (int tick = 0; tick < 2000; ++tick) {
    add("1", 200'000);
    added += 200'000;
    for (const FileJoin& join : plan()) {
      written += join.size_bytes;
      std::vector<LakeFile> left;
      for (std::size_t i = 0; i < files_.size(); ++i)
        if (std::ranges::find(join.files, i) == join.files.end()) left.push_back(files_[i]);
      files_ = std::move(left);
      add("1", join.size_bytes);
      break;
    }
  }
  EXPECT_LT(files_.size(), 30U);
  EXPECT_LT(static_cast<double>(written) / static_cast<double>(added), 8.0);
}

TEST_F(FileJoinsTest, RewritesWhatIsDeleted) {
  add("1", 90 * kMegabyte, 2);
  add_deletes(files_[0].path, 49);
  EXPECT_TRUE(plan().empty()) << "49 of 1,000 rows are less than 5 %";
  add_deletes(files_[0].path, 1);
  const auto joins = plan();
  ASSERT_EQ(joins.size(), 1U);
  EXPECT_THAT(joins[0].files, ElementsAre(0));
  EXPECT_THAT(joins[0].deletes, ElementsAre(2, 3));
}

TEST_F(FileJoinsTest, KeepsDeletesThatAreForOthersToo) {
  add("1", 90 * kMegabyte, 1);
  add("1", 1000, 5);
  add_deletes("", 10);  // of any file of the partition: of the small ones 1 %, but so of the large one
  config_.delete_ratio = 0.5;
  const auto joins = plan();
  ASSERT_EQ(joins.size(), 1U);
  EXPECT_TRUE(joins[0].deletes.empty());
}

TEST_F(FileJoinsTest, DeletesDoNotReachWhatCameLater) {
  add("1", 90 * kMegabyte, 1);
  add_deletes(files_[0].path, 900, "1", 0);
  EXPECT_TRUE(plan().empty());
}

TEST_F(FileJoinsTest, MostRewardingFirst) {
  add("1", kMegabyte, 6);
  add("2", 1000, 30);
  const auto joins = plan();
  ASSERT_EQ(joins.size(), 2U);
  EXPECT_EQ(joins[0].files.size(), 30U);
}

}  // namespace
}  // namespace lochan
