// What every ObjectStore does, wherever the lake lies: included by a test that says how to make its own.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "catalog/object_store.h"

namespace lochan {

/// Makes an empty store; what it keeps in the folder is gone with the test.
using MakeStore = std::unique_ptr<ObjectStore> (*)(const std::filesystem::path& folder);

// Not its address, which is another one in each build.
inline void PrintTo(MakeStore, std::ostream* out) { *out << "store"; }

class ObjectStoreContract : public testing::TestWithParam<MakeStore> {
 protected:
  ObjectStoreContract() : folder_(std::filesystem::temp_directory_path() / ("lochan-" + random_uuid())) {
    std::filesystem::create_directories(folder_);
    store_ = GetParam()(folder_ / "lake");
  }
  ~ObjectStoreContract() override { std::filesystem::remove_all(folder_); }

  std::set<std::string> names(std::string_view prefix) {
    std::set<std::string> names;
    store_->list(prefix, [&](const ObjectInfo& info) { names.insert(info.name); });
    return names;
  }
  template <typename Work>
  static ErrorKind error(Work&& work) {
    try {
      work();
    } catch (const Error& caught) {
      return caught.kind();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorKind::Internal;
  }

  std::filesystem::path folder_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_P(ObjectStoreContract, ReadsWhatItWrote) {
  store_->check();
  store_->write("raw/sale/metadata/a.json", "one");
  store_->write("raw/sale/metadata/a.json", "two");
  store_->sync();
  EXPECT_EQ(store_->read("raw/sale/metadata/a.json"), "two");
  EXPECT_EQ(names(""), std::set<std::string>{"raw/sale/metadata/a.json"}) << "no half of a file is left";
  store_->remove("raw/sale/metadata/a.json");
  store_->remove("raw/sale/metadata/a.json");
  EXPECT_EQ(error([&] { store_->read("raw/sale/metadata/a.json"); }), ErrorKind::NotFound);
  EXPECT_FALSE(store_->stat("raw/sale/metadata/a.json"));
}

TEST_P(ObjectStoreContract, CreatesOnlyWhatIsNew) {
  store_->create("raw/sale/metadata/1.json", "one");
  store_->create("raw/sale/metadata/1.json", "one");  // an attempt whose answer was lost
  EXPECT_EQ(error([&] { store_->create("raw/sale/metadata/1.json", "two"); }), ErrorKind::Conflict);
  EXPECT_EQ(store_->read("raw/sale/metadata/1.json"), "one");
}

TEST_P(ObjectStoreContract, OneOfManyCreates) {
  std::atomic<int> created = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&, i] {
        try {
          store_->create("raw/sale/metadata/1.json", std::to_string(i));
          ++created;
        } catch (const Error& caught) {
          EXPECT_EQ(caught.kind(), ErrorKind::Conflict) << caught.what();
        }
      });
  }
  EXPECT_EQ(created, 1);
}

TEST_P(ObjectStoreContract, TellsSizeAndTime) {
  const Instant before = SystemClock().now();
  store_->write("mart/day/x", "12345");
  const auto info = store_->stat("mart/day/x");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->name, "mart/day/x");
  EXPECT_EQ(info->size_bytes, 5U);
  EXPECT_GE(info->modified_at, before - std::chrono::milliseconds{50});
  EXPECT_LT(info->modified_at, before + std::chrono::minutes{5});
  store_->list("mart/", [&](const ObjectInfo& listed) {
    EXPECT_EQ(listed.size_bytes, 5U);
    EXPECT_GE(listed.modified_at, before - std::chrono::milliseconds{50});
  });
}

TEST_P(ObjectStoreContract, ListsByPrefix) {
  for (const char* name : {"raw/sale/1", "raw/sale_item/1", "mart/day/1"}) store_->write(name, "x");
  EXPECT_EQ(names("raw/sale/"), std::set<std::string>{"raw/sale/1"});
  EXPECT_EQ(names("raw/sale"), (std::set<std::string>{"raw/sale/1", "raw/sale_item/1"}));
  EXPECT_EQ(names(""), (std::set<std::string>{"raw/sale/1", "raw/sale_item/1", "mart/day/1"}));
  EXPECT_TRUE(names("nothing/").empty());
}

TEST_P(ObjectStoreContract, TakesAnyName) {
  const std::vector<std::string> all{"raw/sale/data/dt=2026-11-21/a b+c&d.parquet", "raw/ä/100%25 <x>.json", "raw/~'(*)!/;:@,$#?"};
  for (const std::string& name : all) store_->create(name, name);
  EXPECT_EQ(names(""), (std::set<std::string>(all.begin(), all.end())));
  for (const std::string& name : all) {
    EXPECT_EQ(store_->read(name), name);
    EXPECT_EQ(names(name), std::set<std::string>{name});
    EXPECT_EQ(store_->name_of(store_->uri(name)), name);
  }
  store_->remove(all);
  EXPECT_TRUE(names("").empty());
}

TEST_P(ObjectStoreContract, RemovesAndListsMoreThanAPage) {
  std::vector<std::string> all;
  for (int i = 0; i < 1103; ++i) all.push_back("raw/sale/data/" + std::to_string(i));
  {
    std::vector<std::jthread> threads;
    for (std::size_t part = 0; part < 8; ++part)
      threads.emplace_back([&, part] {
        for (std::size_t i = part; i < all.size(); i += 8) store_->write(all[i], "x");
      });
  }
  EXPECT_EQ(names("raw/").size(), all.size());
  store_->remove(all);
  EXPECT_TRUE(names("").empty());
}

TEST_P(ObjectStoreContract, CarriesFiles) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{33} << 20}) {
    std::string bytes(size, 'a');
    for (std::size_t i = 0; i < size; i += 4093) bytes[i] = static_cast<char>('a' + i % 23);
    write_file(folder_ / "from", bytes);
    store_->upload("raw/sale/data/x", folder_ / "from");
    EXPECT_EQ(store_->stat("raw/sale/data/x")->size_bytes, size);
    store_->download("raw/sale/data/x", folder_ / "to" / "there");
    EXPECT_TRUE(read_file(folder_ / "to" / "there") == bytes) << size;
  }
  EXPECT_EQ(error([&] { store_->download("raw/none", folder_ / "none"); }), ErrorKind::NotFound);
  EXPECT_EQ(error([&] { store_->upload("raw/none", folder_ / "none"); }), ErrorKind::NotFound);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "none"));
}

TEST_P(ObjectStoreContract, NeverLeavesItsRoot) {
  for (const char* name : {"../outside", "raw/../../outside", "/etc/passwd", "", "raw//x", "./x", "raw/"}) {
    EXPECT_EQ(error([&] { store_->read(name); }), ErrorKind::Data) << name;
    EXPECT_EQ(error([&] { store_->write(name, "x"); }), ErrorKind::Data) << name;
    EXPECT_EQ(error([&] { store_->create(name, "x"); }), ErrorKind::Data) << name;
    EXPECT_EQ(error([&] { store_->remove(name); }), ErrorKind::Data) << name;
  }
  EXPECT_FALSE(store_->name_of("file:///etc/passwd"));
  EXPECT_FALSE(store_->name_of(store_->uri("") + "_elsewhere/x"));
}

}  // namespace lochan
