#include "base/http_client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <mutex>
#include <thread>

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

/// Answers each connection with the first bytes of an answer, and ends it.
class CutServer {
 public:
  CutServer() {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket_, reinterpret_cast<sockaddr*>(&at), sizeof at);
    ::listen(socket_, 8);
    socklen_t size = sizeof at;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  ~CutServer() { ::shutdown(socket_, SHUT_RDWR); }
  int port() const { return port_; }
  void answer(const std::string& bytes) {
    const std::lock_guard lock(mutex_);
    bytes_ = bytes;
  }

 private:
  void serve() {
    for (int peer; (peer = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; ::close(peer)) {
      std::array<char, 4096> request{};
      if (::recv(peer, request.data(), request.size(), 0) <= 0) continue;
      const std::lock_guard lock(mutex_);
      ::send(peer, bytes_.data(), bytes_.size(), MSG_NOSIGNAL);
    }
    ::close(socket_);
  }

  int socket_ = -1, port_ = 0;
  std::mutex mutex_;
  std::string bytes_;  // guarded by mutex_
  std::jthread thread_;
};

// libcurl alone takes an answer that ends between two of its headers for a whole one without a body.
TEST(HttpClientCut, AnAnswerThatEndsAnywhereIsNone) {
  CutServer server;
  HttpClient client;
  const HttpCall call{.url = fmt::format("http://127.0.0.1:{}/a", server.port())};
  const std::string whole = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Key: 1\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    server.answer(whole.substr(0, bytes));
    try {
      client.send(call);
      ADD_FAILURE() << "taken for an answer: " << whole.substr(0, bytes);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Unavailable) << error.what();
      EXPECT_NE(client.failure(), HttpFailure::None) << bytes;
    }
  }
  server.answer(whole);
  EXPECT_EQ(client.send(call).body, "hello");
}

}  // namespace
}  // namespace lochan
