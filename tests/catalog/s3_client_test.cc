// How often a request is tried at a server that isn't there.
#include "catalog/s3_client.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace lochan {
namespace {

LakePlace nowhere() {
  LakePlace place;
  place.location = "s3://lake";
  place.s3.endpoint = "http://127.0.0.1:1";
  place.s3.region = "us-east-1";
  place.s3.path_style = true;
  place.s3.keys = {"key", "secret", ""};
  return place;
}

std::string what_is_said(S3Client& client) {
  try {
    client.send({.key = "a"});
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    return error.message().substr(error.message().rfind(", ") + 2);
  }
  return "";
}

TEST(S3Client, TriesLessOftenWhatFollowsARequestThatWasGivenUp) {
  const SystemClock clock;
  S3Client client(nowhere(), clock, {.attempts = 4, .first_delay = std::chrono::milliseconds{1}});
  EXPECT_EQ(what_is_said(client), "4 times");
  EXPECT_EQ(what_is_said(client), "2 times");
}

}  // namespace
}  // namespace lochan
