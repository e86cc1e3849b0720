#include "serve/sign_in.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace lochan {
namespace {

constexpr const char* kToken = "a-long-token";

HttpRequest request(const std::string& authorization) {
  HttpRequest request;
  request.method = "GET";
  if (!authorization.empty()) request.headers["authorization"] = authorization;
  return request;
}

int status(const SignIn& sign_in, const std::string& authorization) {
  const auto refused = sign_in.refusal(request(authorization));
  return refused ? refused->status : 200;
}

TEST(SignIn, LetsInWhoBearsTheToken) {
  const SignIn sign_in(kToken);
  EXPECT_EQ(status(sign_in, "Bearer a-long-token"), 200);
  EXPECT_EQ(status(sign_in, "bearer   a-long-token "), 200);
  for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer a-long-toke", "Bearer a-long-token2", "Basic a-long-token",
                            "a-long-token", "Bearer A-LONG-TOKEN"})
    EXPECT_EQ(status(sign_in, wrong), 401) << wrong;
}

TEST(SignIn, RefusesInTheShapeThatClientsExpect) {
  const auto refused = SignIn(kToken).refusal(request("Bearer wrong"));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->headers.at("WWW-Authenticate"), "Bearer");
  const Json error = Json::parse(refused->body).at("error");
  EXPECT_EQ(error.at("type"), "NotAuthorizedException");
  EXPECT_EQ(error.at("code"), 401);
}

TEST(SignIn, WithoutATokenEveryoneIsLetIn) {
  EXPECT_EQ(status(SignIn(std::nullopt), ""), 200);
  EXPECT_EQ(status(SignIn(std::nullopt), "Bearer whatever"), 200);
}

HttpResponse exchange(const std::string& body, const std::string& authorization = "") {
  HttpRequest asked = request(authorization);
  asked.method = "POST";
  asked.body = body;
  return SignIn("a+b c/token=").exchange(asked);
}

TEST(SignIn, GivesATokenForTheSecretOfAClient) {
  const std::string secret = "a%2Bb+c%2Ftoken%3D";
  const std::string credentials = "grant_type=client_credentials&client_id=x&client_secret=";
  const HttpResponse answer = exchange(credentials + secret + "&scope=catalog");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("Cache-Control"), "no-store");
  const Json token = Json::parse(answer.body);
  EXPECT_EQ(token.at("access_token"), "a+b c/token=");
  EXPECT_EQ(token.at("token_type"), "bearer");
  // RFC 6749, 2.3.1: id and secret in the header; base64 of `x:a%2Bb+c%2Ftoken%3D`.
  EXPECT_EQ(exchange("grant_type=client_credentials", "Basic eDphJTJCYitjJTJGdG9rZW4lM0Q=").status, 200);
}

TEST(SignIn, RefreshesATokenThatIsGood) {
  const std::string exchanged = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=";
  EXPECT_EQ(exchange(exchanged + "a%2Bb+c%2Ftoken%3D").status, 200);
  EXPECT_EQ(exchange(exchanged + "another").status, 401);
}

TEST(SignIn, RefusesAnExchangeAsOauthDoes) {
  const auto outcome = [](const HttpResponse& answer) {
    return std::to_string(answer.status) + " " + Json::parse(answer.body).at("error").get<std::string>();
  };
  EXPECT_EQ(outcome(exchange("grant_type=client_credentials&client_secret=wrong")), "401 invalid_client");
  EXPECT_EQ(outcome(exchange("grant_type=client_credentials", "Basic !!!")), "401 invalid_client");
  EXPECT_EQ(outcome(exchange("grant_type=client_credentials")), "400 invalid_request");
  EXPECT_EQ(outcome(exchange("grant_type=password&password=x")), "400 unsupported_grant_type");
  EXPECT_EQ(outcome(exchange("")), "400 unsupported_grant_type");
}

TEST(SignIn, KnowsTheAddressesOfThisMachine) {
  for (const char* here : {"127.0.0.1", "127.9.8.7", "::1"}) EXPECT_TRUE(is_loopback(here)) << here;
  for (const char* elsewhere : {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "localhost", ""})
    EXPECT_FALSE(is_loopback(elsewhere)) << elsewhere;
}

int foreign(const std::string& host, const std::string& origin = "") {
  HttpRequest asked;
  asked.headers["host"] = host;
  if (!origin.empty()) asked.headers["origin"] = origin;
  const auto refused = SignIn(std::nullopt).foreign_page(asked);
  return refused ? refused->status : 200;
}

TEST(SignIn, WithoutATokenNoPageOfAnotherSiteIsAnswered) {
  for (const char* here : {"localhost:7420", "127.0.0.1:7420", "[::1]:7420", "LOCALHOST", ""})
    EXPECT_EQ(foreign(here), 200) << here;
  EXPECT_EQ(foreign("evil.example:7420"), 403);
  EXPECT_EQ(foreign("localhost.evil.example"), 403);
  EXPECT_EQ(foreign("localhost:7420", "https://evil.example"), 403);
  HttpRequest asked;
  asked.headers["host"] = "lake.example";
  EXPECT_FALSE(SignIn(kToken).foreign_page(asked));
}

}  // namespace
}  // namespace lochan
