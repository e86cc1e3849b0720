#include "catalog/rest_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "base/json.h"
#include "catalog/table_access.h"

namespace lochan {
namespace {

template <typename E>
std::string outcome(const E& error, const RestErrorTypes& types = {}) {
  const HttpResponse response = rest_error(std::make_exception_ptr(error), types);
  const Json body = Json::parse(response.body);
  EXPECT_EQ(body["error"]["code"], response.status);
  return std::to_string(response.status) + " " + body["error"]["type"].get<std::string>();
}

TEST(RestErrors, ConflictsSayThatSurelyNothingWasWritten) {
  EXPECT_EQ(outcome(Error(ErrorKind::Conflict, "x")), "409 CommitFailedException");
  EXPECT_EQ(outcome(Error(ErrorKind::Conflict, "x"), {.conflict = "AlreadyExistsException"}),
            "409 AlreadyExistsException");
}

TEST(RestErrors, WhatIsUnknownIsAServersError) {
  const RestErrorTypes commit{.unknown = "CommitStateUnknownException"};
  EXPECT_EQ(outcome(Error(ErrorKind::CommitUnknown, "x"), commit), "500 CommitStateUnknownException");
  EXPECT_EQ(outcome(Error(ErrorKind::Internal, "x"), commit), "500 CommitStateUnknownException");
  EXPECT_EQ(outcome(std::runtime_error("x"), commit), "500 CommitStateUnknownException");
  EXPECT_EQ(outcome(Error(ErrorKind::Data, "x")), "500 InternalServerError");
}

TEST(RestErrors, RefusalsAreNoConflicts) {
  EXPECT_EQ(outcome(Forbidden("x")), "403 ForbiddenException");
  EXPECT_EQ(outcome(Unauthorized("x")), "401 NotAuthorizedException");
  EXPECT_EQ(outcome(bad_request("x")), "400 BadRequestException");
  EXPECT_EQ(outcome(Error(ErrorKind::NotFound, "x"), {.not_found = "NoSuchViewException"}), "404 NoSuchViewException");
}

TEST(RestErrors, AwayMeansComeBackLater) {
  const HttpResponse response = rest_error(std::make_exception_ptr(Error(ErrorKind::Unavailable, "locked")), {});
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers.at("Retry-After"), "1");
  EXPECT_THAT(response.body, ::testing::HasSubstr("ServiceUnavailableException"));
}

TEST(RestErrors, TheHintComesAlong) {
  const HttpResponse response = rest_error(std::make_exception_ptr(bad_request("no `name`").hint("give one")), {});
  EXPECT_EQ(Json::parse(response.body)["error"]["message"], "no `name` (give one)");
}

}  // namespace
}  // namespace lochan
