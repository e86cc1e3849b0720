#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "catalog/object_store.h"

namespace lochan {
namespace {

namespace fs = std::filesystem;

class LocalStoreTest : public testing::Test {
 protected:
  LocalStoreTest() : folder_(fs::temp_directory_path() / ("lochan-" + random_uuid())) {
    store_ = make_local_store(folder_ / "lake");
  }
  ~LocalStoreTest() override { fs::remove_all(folder_); }

  std::set<std::string> names(std::string_view prefix) {
    std::set<std::string> names;
    store_->list(prefix, [&](const ObjectInfo& info) { names.insert(info.name); });
    return names;
  }

  fs::path folder_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(LocalStoreTest, ReadsWhatItWrote) {
  store_->write("raw/sale/metadata/a.json", "one");
  store_->write("raw/sale/metadata/a.json", "two");
  store_->sync();
  EXPECT_EQ(store_->read("raw/sale/metadata/a.json"), "two");
  EXPECT_EQ(names(""), std::set<std::string>{"raw/sale/metadata/a.json"}) << "no half of a file is left";
  EXPECT_EQ(store_->root_uri(), "file://" + fs::canonical(folder_ / "lake").string());
  store_->remove("raw/sale/metadata/a.json");
  store_->remove("raw/sale/metadata/a.json");
  EXPECT_THROW(store_->read("raw/sale/metadata/a.json"), Error);
}

TEST_F(LocalStoreTest, ListsByPrefix) {
  for (const char* name : {"raw/sale/1", "raw/sale_item/1", "mart/day/1"}) store_->write(name, "x");
  EXPECT_EQ(names("raw/sale/"), std::set<std::string>{"raw/sale/1"});
  EXPECT_EQ(names("raw/sale"), (std::set<std::string>{"raw/sale/1", "raw/sale_item/1"}));
  EXPECT_TRUE(names("nothing/").empty());
}

TEST_F(LocalStoreTest, NeverLeavesItsRoot) {
  std::ofstream(folder_ / "outside") << "secret";
  fs::create_directories(folder_ / "elsewhere");
  fs::create_symlink(folder_, folder_ / "lake/link");
  for (const char* name : {"../outside", "raw/../../outside", "/etc/passwd", "", "raw//x", "./x", "link/outside"}) {
    EXPECT_THROW(store_->read(name), Error) << name;
    EXPECT_THROW(store_->write(name, "x"), Error) << name;
    EXPECT_THROW(store_->remove(name), Error) << name;
  }
  EXPECT_FALSE(names("").contains("link/outside"));
  EXPECT_TRUE(fs::exists(folder_ / "outside"));
}

TEST_F(LocalStoreTest, ErrorsNameTheFile) {
  fs::create_directory(folder_ / "lake/file");
  std::ofstream(folder_ / "lake/file/x") << "x";
  // A name under a file that is no folder can't be written, whoever runs the test.
  try {
    store_->write("file/x/y", "data");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("file/x"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace lochan
