#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "tests/catalog/object_store_contract.h"

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

INSTANTIATE_TEST_SUITE_P(Folder, ObjectStoreContract,
                         testing::Values<MakeStore>([](const fs::path& folder) { return make_local_store(folder); }));
INSTANTIATE_TEST_SUITE_P(Layered, ObjectStoreContract, testing::Values<MakeStore>([](const fs::path& folder) {
                           std::map<std::string, std::unique_ptr<ObjectStore>> layers;
                           layers["raw"] = make_local_store(folder.string() + "-raw");
                           return make_layered_store(make_local_store(folder), std::move(layers));
                         }));

TEST_F(LocalStoreTest, LayersMayLieElsewhere) {
  std::map<std::string, std::unique_ptr<ObjectStore>> layers;
  layers["raw"] = make_local_store(folder_ / "ingested");
  const auto store = make_layered_store(make_local_store(folder_ / "lake"), std::move(layers));
  store->create("raw/sale/data/1", "a");
  store->create("mart/day/data/1", "b");
  EXPECT_TRUE(fs::exists(folder_ / "ingested/sale/data/1"));
  EXPECT_TRUE(fs::exists(folder_ / "lake/mart/day/data/1"));
  EXPECT_EQ(store->uri("raw/sale"), "file://" + fs::canonical(folder_ / "ingested").string() + "/sale");
  // What lies in the main place under the layer's name is none of it.
  fs::create_directories(folder_ / "lake/raw/old");
  std::ofstream(folder_ / "lake/raw/old/x") << "x";
  std::set<std::string> names;
  store->list("", [&](const ObjectInfo& info) { names.insert(info.name); });
  EXPECT_EQ(names, (std::set<std::string>{"raw/sale/data/1", "mart/day/data/1"}));
}

// Others tidy up meanwhile: what they don't touch is listed all the same.
TEST_F(LocalStoreTest, AFolderThatGoesAwayTakesNothingElseFromAListing) {
  for (int i = 0; i < 20; ++i) store_->create("raw/t" + std::to_string(i) + "/data/1", "a");
  std::set<std::string> listed, kept;
  store_->list("", [&](const ObjectInfo& info) {
    if (listed.empty())
      for (int i = 0; i < 20; ++i) {
        const std::string table = "raw/t" + std::to_string(i);
        if (i % 2 == 0 && !info.name.starts_with(table + "/"))
          fs::remove_all(folder_ / "lake" / table);
        else
          kept.insert(table + "/data/1");
      }
    listed.insert(info.name);
  });
  EXPECT_EQ(listed, kept);
}

TEST_F(LocalStoreTest, NeverLeavesItsRoot) {
  std::ofstream(folder_ / "outside") << "secret";
  fs::create_directories(folder_ / "elsewhere");
  fs::create_symlink(folder_, folder_ / "lake/link");
  for (const char* name : {"../outside", "raw/../../outside", "/etc/passwd", "", "raw//x", "./x", "link/outside"}) {
    EXPECT_THROW(store_->read(name), Error) << name;
    EXPECT_THROW(store_->write(name, "x"), Error) << name;
    EXPECT_THROW(store_->remove(std::string(name)), Error) << name;
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
