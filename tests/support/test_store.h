// Where a test's lake lies: in its folder, or, with LOCHAN_TEST_LAKE=s3, in a bucket below a prefix of its own.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "catalog/object_store.h"
#include "tests/support/s3_server.h"

namespace lochan {

inline bool is_test_lake_on_s3() {
  const char* lake = std::getenv("LOCHAN_TEST_LAKE");
  return lake != nullptr && std::string(lake) == "s3";
}

inline std::unique_ptr<ObjectStore> make_test_store(const std::filesystem::path& folder) {
  if (!is_test_lake_on_s3()) return make_local_store(folder);
  static const SystemClock kClock;
  static const std::string kBucket = "lochan-tests";
  S3Server::get().make_bucket(kBucket);
  return make_s3_store(S3Server::get().place(fmt::format("s3://{}{}", kBucket, folder.string())), kClock);
}

}  // namespace lochan
