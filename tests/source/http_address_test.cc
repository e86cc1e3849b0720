#include "source/http_address.h"

#include <gtest/gtest.h>

#include "source/http_caller.h"

namespace lochan {
namespace {

TEST(HttpAddress, JoinsAndResolves) {
  EXPECT_EQ(join_url("https://a.com/v1/", "/users"), "https://a.com/v1/users");
  EXPECT_EQ(join_url("https://a.com/v1", "https://b.com/x"), "https://b.com/x");
  EXPECT_EQ(resolve_url("https://a.com/v1/users?page=1", "/v2/x"), "https://a.com/v2/x");
  EXPECT_EQ(resolve_url("https://a.com/v1/users?page=1", "?page=2"), "https://a.com/v1/users?page=2");
  EXPECT_EQ(resolve_url("https://a.com/v1/users", "orders"), "https://a.com/v1/orders");
  EXPECT_EQ(resolve_url("https://a.com", "orders"), "https://a.com/orders");
  EXPECT_EQ(resolve_url("https://a.com/v1", "//b.com/x"), "https://b.com/x");
}

TEST(HttpAddress, ParametersAreEncodedAndReplaced) {
  EXPECT_EQ(with_parameter("https://a.com/x", "q", "a b&c=ä"), "https://a.com/x?q=a%20b%26c%3D%C3%A4");
  EXPECT_EQ(with_parameter("https://a.com/x?page=1&size=5", "page", "2"), "https://a.com/x?size=5&page=2");
  EXPECT_EQ(without_parameter("https://a.com/x?api_key=1", "api_key"), "https://a.com/x");
}

TEST(HttpAddress, AnOriginIsSchemeHostAndPort) {
  EXPECT_EQ(origin_of("https://A.com/x"), origin_of("https://a.com:443"));
  EXPECT_NE(origin_of("https://a.com"), origin_of("http://a.com"));
  EXPECT_NE(origin_of("http://a.com"), origin_of("http://a.com:8080"));
  EXPECT_NE(origin_of("http://a.com"), origin_of("http://a.com.evil.com"));
}

TEST(HttpAddress, TheNextLinkOfAHeader) {
  EXPECT_EQ(next_link(R"(<https://a.com/x?page=1>; rel="prev", <https://a.com/x?page=3,4>; rel="next")"), "https://a.com/x?page=3,4");
  EXPECT_EQ(next_link(R"(<https://a.com/x>; title="a"; rel=next)"), "https://a.com/x");
  EXPECT_EQ(next_link(R"(<https://a.com/x>; rel="last")"), "");
  EXPECT_EQ(next_link("<broken"), "");
}

TEST(RetryAfter, IsSecondsOrADateAgainstTheAnswersOwn) {
  const auto now = std::chrono::sys_seconds{std::chrono::seconds{1'700'000'000}};
  const auto of = [&](std::map<std::string, std::string, std::less<>> headers) { return retry_after({429, std::move(headers), ""}, now); };
  EXPECT_EQ(of({{"retry-after", "7"}}), std::chrono::seconds{7});
  EXPECT_EQ(of({{"retry-after", "Wed, 21 Oct 2026 07:28:10 GMT"}, {"date", "Wed, 21 Oct 2026 07:28:00 GMT"}}), std::chrono::seconds{10});
  EXPECT_EQ(of({{"retry-after", "Tue, 14 Nov 2023 22:13:25 GMT"}}), std::chrono::seconds{5});  // no Date: by our own clock
  EXPECT_EQ(of({{"retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"}, {"date", "Wed, 21 Oct 2026 07:28:00 GMT"}}), std::chrono::seconds{0});
  EXPECT_FALSE(of({}));
  EXPECT_FALSE(of({{"retry-after", "soon"}}));
}

}  // namespace
}  // namespace lochan
