// Hosts that have one lake, and connections with pools.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "project/read_project.h"
#include "run/pools.h"
#include "tests/support/test_state.h"

namespace lochan {

class PoolsTest : public testing::Test {
 protected:
  // A host: its folder, and the lake that it shares with those of the same state.
  struct Host {
    Host(const std::filesystem::path& folder, const std::filesystem::path& shared) {
      std::filesystem::create_directories(folder);
      std::ofstream(folder / "lochan.yaml") << "name: pools\nlake: " << (shared / "lake").string()
                                            << "\nconnections:\n  shop: { url: 'sqlite:shop.db', pool: 2 }\n  dwh: { "
                                               "url: 'sqlite:dwh.db', pool: 1 }\n  files: 'files:./drop'\n"
                                            << test_state_line(shared);
      Secrets secrets;
      read = std::make_unique<ReadProject>(read_project(folder, secrets));
      for (const Error& problem : read->problems) ADD_FAILURE() << problem.what();
      lake = std::make_unique<Lake>(read->project, clock);
    }
    std::optional<Places> take(const std::vector<std::string>& names) { return Pools(*lake).try_take(names); }

    SystemClock clock;
    std::unique_ptr<ReadProject> read;
    std::unique_ptr<Lake> lake;
  };

  ~PoolsTest() override {
    host_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Host& host() {
    if (!host_) host_.emplace(folder_ / "host_1", folder_);
    return *host_;
  }
  std::optional<Places> take(const std::vector<std::string>& names) { return host().take(names); }

  const std::filesystem::path folder_ = std::filesystem::temp_directory_path() / ("lochan-" + random_uuid());
  std::optional<Host> host_;
};

}  // namespace lochan
