#include "base/http_client.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/http_server.h"

namespace lochan {
namespace {

/// A server in this process that answers with what it was asked.
class HttpClientTest : public testing::Test {
 protected:
  std::string url(const std::string& path) const { return fmt::format("http://127.0.0.1:{}{}", server_.port(), path); }
  static HttpResponse answer(const HttpRequest& request) {
    HttpResponse response;
    response.content_type = "text/plain";
    if (request.path == "/long") {
      response.body = std::string(5000, 'x');
    } else if (request.path == "/moved") {
      response.status = 302;
      response.headers["Location"] = "/there";
    } else if (request.path == "/broken") {
      response.status = 503;
      response.headers["Retry-After"] = "7";
    } else {
      response.body = fmt::format("{} {} {} [{}] {}", request.method, request.path, request.query,
                                  request.header("x-key"), request.body);
    }
    return response;
  }
  static std::string error(HttpClient& client, const HttpCall& call) {
    try {
      client.send(call);
    } catch (const Error& caught) {
      return fmt::format("{}: {}", to_string(caught.kind()), caught.message());
    }
    return "nothing was thrown";
  }

  NullLog log_;
  HttpServer server_{{}, answer, log_};
  HttpClient client_;
};

TEST_F(HttpClientTest, SendsMethodPathHeadersAndBody) {
  const HttpReply got = client_.send({.url = url("/a%20b?x=1")});
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body, "GET /a%20b x=1 [] ");
  EXPECT_EQ(client_.send({.method = "POST", .url = url("/a"), .headers = {{"X-Key", "k"}}, .body = "b\n"}).body,
            "POST /a  [k] b\n");
  EXPECT_EQ(client_.send({.method = "PUT", .url = url("/a")}).body, "PUT /a  [] ");
  EXPECT_EQ(client_.send({.method = "DELETE", .url = url("/a")}).body, "DELETE /a  [] ");
  EXPECT_EQ(client_.send({.method = "HEAD", .url = url("/long")}).header("content-length"), "5000");
}

TEST_F(HttpClientTest, AnyStatusIsAnAnswer) {
  const HttpReply reply = client_.send({.url = url("/broken")});
  EXPECT_EQ(reply.status, 503);
  EXPECT_FALSE(reply.succeeded());
  EXPECT_EQ(reply.header("retry-after"), "7");
}

TEST_F(HttpClientTest, FollowsRedirectsOnlyWhenAllowed) {
  EXPECT_EQ(client_.send({.url = url("/moved")}).status, 302);
  HttpClient following({.redirects = 1});
  EXPECT_EQ(following.send({.url = url("/moved")}).body, "GET /there  [] ");
}

TEST_F(HttpClientTest, LongAnswerIsRefused) {
  HttpClient small({.max_body_bytes = 4999});
  EXPECT_EQ(error(small, {.url = url("/long")}),
            fmt::format("unavailable: `127.0.0.1:{}` answered with more than 5.0 kB", server_.port()));
  EXPECT_EQ(small.send({.url = url("/a")}).status, 200);
}

TEST_F(HttpClientTest, ErrorsShowTheHostAndNoMore) {
  EXPECT_THAT(error(client_, {.url = "http://user:hidden@127.0.0.1:1/hidden?key=hidden"}),
              testing::AllOf(testing::StartsWith("unavailable: no answer from `127.0.0.1:1`"),
                             testing::Not(testing::HasSubstr("hidden"))));
  EXPECT_EQ(error(client_, {.url = "/hidden"}), "usage: a URL names no host");
  EXPECT_THAT(error(client_, {.url = "gopher://host/hidden"}),
              testing::AllOf(testing::StartsWith("usage: "), testing::Not(testing::HasSubstr("hidden"))));
  EXPECT_EQ(error(client_, {.url = url("/a"), .headers = {{"X-Key", "a\r\nX-Other: b"}}}),
            "usage: the header `X-Key` holds a line break");
}

}  // namespace
}  // namespace lochan
