// A TMPDIR of the test's own, so that it sees what is left there.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/hash.h"

namespace lochan {

class OwnTmpdir : public testing::Test {
 protected:
  OwnTmpdir() {
    std::filesystem::create_directories(where_);
    ::setenv("TMPDIR", where_.c_str(), 1);
  }
  ~OwnTmpdir() override {
    ::unsetenv("TMPDIR");
    std::filesystem::remove_all(where_);
  }
  std::ptrdiff_t count() const {
    return std::distance(std::filesystem::directory_iterator(where_), std::filesystem::directory_iterator());
  }

  const std::filesystem::path where_ = std::filesystem::temp_directory_path() / ("lochan-" + random_uuid());
};

}  // namespace lochan
