#include "base/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <future>
#include <latch>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"

namespace lochan {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A bare socket, so that a test says byte for byte what is sent and sees what comes.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("can't connect");
  }
  RawClient(RawClient&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient() {
    if (socket_ >= 0) ::close(socket_);
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw std::runtime_error("can't send");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  // One receive: what the server wrote at once, as far as it fits.
  std::string receive() {
    std::string bytes(64 * 1024, '\0');
    const ssize_t got = ::recv(socket_, bytes.data(), bytes.size(), 0);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }

  std::string receive_until(std::string_view end) {
    std::string bytes;
    while (bytes.find(end) == std::string::npos) {
      const std::string more = receive();
      if (more.empty()) break;
      bytes += more;
    }
    return bytes;
  }

  std::string receive_all() {
    std::string bytes;
    for (std::string more = receive(); !more.empty(); more = receive()) bytes += more;
    return bytes;
  }

  // Waits until the server has closed; false when it sends something instead, or nothing for long.
  bool is_closed() {
    char byte = 0;
    const ssize_t got = ::recv(socket_, &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }

 private:
  int socket_;
};

HttpResponse echo(const HttpRequest& request) {
  HttpResponse response;
  response.content_type = "text/plain";
  response.body = fmt::format("{} {} {} [{}]", request.method, request.path, request.query, request.body);
  return response;
}

class HttpServerTest : public ::testing::Test {
 protected:
  NullLog log_;
};

TEST_F(HttpServerTest, AnswersHeadAndBodyInOneWrite) {
  HttpServer server({}, echo, log_);
  RawClient client(server.port());
  client.send("GET /v1/raw%1Fx?a=b&c HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.receive(),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 24\r\n\r\nGET /v1/raw%1Fx a=b&c []");
}

TEST_F(HttpServerTest, KeepsTheConnectionAndAnswersPipelinedRequestsInOrder) {
  HttpServer server({}, echo, log_);
  RawClient client(server.port());
  client.send(
      "POST /one HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
      "GET /two HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /three HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string all = client.receive_all();
  const std::size_t one = all.find("POST /one  [abc]");
  const std::size_t two = all.find("GET /two  []");
  const std::size_t three = all.find("GET /three  []");
  ASSERT_NE(three, std::string::npos) << all;
  EXPECT_LT(one, two);
  EXPECT_LT(two, three);
  EXPECT_EQ(server.request_count(), 3u);
}

TEST_F(HttpServerTest, ClosesAfterAnHttp10Request) {
  HttpServer server({}, echo, log_);
  RawClient client(server.port());
  client.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.receive_all(), HasSubstr("Connection: close\r\n"));
}

TEST_F(HttpServerTest, GivesHeaderNamesInLowerCaseAndJoinsRepeatedOnes) {
  HttpServer server(
      {}, [](const HttpRequest& r) { return HttpResponse{200, {}, std::string(r.header("x-names")), "text/plain"}; },
      log_);
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\nX-Names: a\r\nx-nAMES: b\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.receive_all(), EndsWith("\r\n\r\na, b"));
}

TEST_F(HttpServerTest, AnswersHeadWithTheLengthOfGetAndNoBody) {
  HttpServer server({}, echo, log_);
  RawClient client(server.port());
  client.send("HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = client.receive_all();
  EXPECT_THAT(answer, HasSubstr("Content-Length: 11\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, SendsNoLengthWith204) {
  HttpServer server({}, [](const HttpRequest&) { return HttpResponse{204, {{"X-A", "b"}}, "", ""}; }, log_);
  RawClient client(server.port());
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.receive(), "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n");
}

TEST_F(HttpServerTest, TakesAndGivesBigBodies) {
  HttpServer server({}, echo, log_);
  RawClient client(server.port());
  const std::string body(20u << 20, 'x');
  std::jthread sender([&] {
    client.send(
        fmt::format("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.size()));
    client.send(body);
  });
  const std::string answer = client.receive_all();
  EXPECT_GT(answer.size(), body.size());
  EXPECT_THAT(answer, EndsWith("xxx]"));
}

TEST_F(HttpServerTest, TakesAChunkedBody) {
  HttpServer server({}, echo, log_);
  RawClient client(server.port());
  client.send(
      "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_THAT(client.receive_all(), EndsWith("POST /  [abcde]"));
}

TEST_F(HttpServerTest, RefusesABodyOverTheLimitBeforeReadingIt) {
  HttpServerOptions options;
  options.max_body_bytes = 1000;
  HttpServer server(options, echo, log_);
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_THAT(client.receive_all(), StartsWith("HTTP/1.1 413 Payload Too Large\r\n"));
  EXPECT_EQ(server.request_count(), 0u);
}

TEST_F(HttpServerTest, AnswersAClientThatIsStillSendingABodyOverTheLimit) {
  HttpServerOptions options;
  options.max_body_bytes = 1000;
  HttpServer server(options, echo, log_);
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n" + std::string(500'000, 'x'));
  EXPECT_THAT(client.receive_all(), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, RefusesAChunkedBodyOverTheLimit) {
  HttpServerOptions options;
  options.max_body_bytes = 4;
  HttpServer server(options, echo, log_);
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n");
  EXPECT_THAT(client.receive_all(), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, Answers400ToWhatIsNotHttp) {
  HttpServer server({}, echo, log_);
  for (const char* nonsense :
       {"hello\r\n\r\n", "GET / HTTP/1.1\r\nHost x\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "\x16\x03\x01\x02\x00\x01\xfc\x03\r\n\r\n"}) {
    RawClient client(server.port());
    client.send(nonsense);
    const std::string answer = client.receive_all();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 Bad Request\r\n")) << nonsense;
    EXPECT_THAT(answer, HasSubstr(R"("code":400)"));
  }
  EXPECT_EQ(server.request_count(), 0u);
}

TEST_F(HttpServerTest, Answers431ToAHeadWithoutEnd) {
  HttpServer server({}, echo, log_);
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x'));
  EXPECT_THAT(client.receive_all(), StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpServerTest, SaysContinueToAClientThatWaitsForIt) {
  HttpServer server({}, echo, log_);
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.receive(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hi");
  EXPECT_THAT(client.receive(), HasSubstr("POST /  [hi]"));
}

TEST_F(HttpServerTest, AnswersAnEscapedExceptionWith500AndGoesOn) {
  HttpServer server(
      {},
      [](const HttpRequest& request) -> HttpResponse {
        if (request.path == "/throw") throw Error(ErrorKind::Internal, "no `lake`");
        return echo(request);
      },
      log_);
  RawClient client(server.port());
  client.send("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.receive(),
              EndsWith(R"({"error":{"code":500,"message":"no `lake`","type":"InternalServerError"}})"));
  client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.receive(), EndsWith("GET /a  []"));
}

TEST_F(HttpServerTest, ASlowClientHoldsUpNobody) {
  HttpServer server({}, echo, log_);
  RawClient slow(server.port());
  slow.send("POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\na");
  RawClient quick(server.port());
  quick.send("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(quick.receive(), EndsWith("GET /quick  []"));
  for (const char* letter : {"b", "c", "d"}) slow.send(letter);
  EXPECT_THAT(slow.receive(), EndsWith("POST /slow  [abcd]"));
}

TEST_F(HttpServerTest, GivesUpARequestThatStalls) {
  HttpServerOptions options;
  options.stall_timeout = std::chrono::milliseconds(20);
  HttpServer server(options, echo, log_);
  RawClient idle(server.port());
  RawClient stalled(server.port());
  stalled.send("GET / HTTP/1.1\r\nHo");
  EXPECT_TRUE(stalled.is_closed());
  idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");  // not having begun is not stalling
  EXPECT_THAT(idle.receive(), EndsWith("GET /  []"));
}

TEST_F(HttpServerTest, AThousandIdleConnectionsCostNoThread) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_max < 3000) GTEST_SKIP() << "only " << files.rlim_max << " open files allowed";
  const rlimit before = std::exchange(files, {files.rlim_max, files.rlim_max});
  ::setrlimit(RLIMIT_NOFILE, &files);
  {
    HttpServer server({}, echo, log_);
    std::vector<RawClient> clients;
    for (int i = 0; i < 1000; ++i) clients.emplace_back(server.port());
    for (RawClient& client : clients) client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    for (RawClient& client : clients) ASSERT_THAT(client.receive(), EndsWith("GET /a  []"));
    EXPECT_EQ(server.request_count(), 1000u);
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST_F(HttpServerTest, StopsAtOnceWhileConnectionsAreIdleOrHalfSent) {
  auto server = std::make_unique<HttpServer>(HttpServerOptions{}, echo, log_);
  RawClient idle(server->port());
  RawClient half(server->port());
  RawClient used(server->port());
  half.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf");
  used.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  used.receive();
  const auto start = std::chrono::steady_clock::now();
  server.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  EXPECT_TRUE(idle.is_closed());
  EXPECT_TRUE(half.is_closed());
  EXPECT_TRUE(used.is_closed());
}

TEST_F(HttpServerTest, LetsARunningHandlerEndAndAnswerBeforeItStops) {
  std::latch is_running(1);
  std::promise<void> go_on;
  auto server = std::make_unique<HttpServer>(
      HttpServerOptions{},
      [&](const HttpRequest& request) {
        is_running.count_down();
        go_on.get_future().wait();
        return echo(request);
      },
      log_);
  RawClient client(server->port());
  client.send("GET /last HTTP/1.1\r\nHost: x\r\n\r\n");
  is_running.wait();
  std::jthread stopper([&] { server.reset(); });
  go_on.set_value();
  EXPECT_THAT(client.receive_all(), EndsWith("GET /last  []"));
}

TEST_F(HttpServerTest, AClientThatDoesNotReadItsAnswerCannotHoldUpTheStop) {
  std::latch is_answered(1);
  auto server = std::make_unique<HttpServer>(
      HttpServerOptions{},
      [&](const HttpRequest&) {
        is_answered.count_down();
        return HttpResponse{200, {}, std::string(50u << 20, 'x'), "text/plain"};
      },
      log_);
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  is_answered.wait();
  const auto start = std::chrono::steady_clock::now();
  server.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST_F(HttpServerTest, RunsHandlersOnAsManyThreadsAsAsked) {
  HttpServerOptions options;
  options.threads = 2;
  std::latch both(2);
  HttpServer server(
      options,
      [&](const HttpRequest& request) {
        both.arrive_and_wait();
        return echo(request);
      },
      log_);
  RawClient one(server.port());
  RawClient two(server.port());
  one.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
  two.send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(one.receive(), EndsWith("GET /1  []"));
  EXPECT_THAT(two.receive(), EndsWith("GET /2  []"));
}

TEST_F(HttpServerTest, SaysWhichPortIsTaken) {
  HttpServer server({}, echo, log_);
  HttpServerOptions options;
  options.port = server.port();
  try {
    HttpServer second(options, echo, log_);
    FAIL() << "listened twice";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    EXPECT_THAT(error.message(), StartsWith(fmt::format("can't listen on `127.0.0.1` port {}: ", server.port())));
  }
}

TEST(PercentDecode, DecodesAndRefusesBrokenEscapes) {
  EXPECT_EQ(percent_decode("a%41%2fz"), "aA/z");
  EXPECT_EQ(percent_decode("a%1Fb"),
            "a\x1f"
            "b");
  EXPECT_EQ(percent_decode(""), "");
  for (const char* broken : {"%", "%4", "%4g", "a%%41"}) EXPECT_EQ(percent_decode(broken), std::nullopt) << broken;
}

TEST(ParseQuery, KeepsEmptyValuesAndTheLastOfAName) {
  const auto parameters = parse_query("pageToken=&a=1+2&a=%33&flag&&bad=%zz");
  EXPECT_EQ(parameters.size(), 4u);
  EXPECT_EQ(parameters.at("pageToken"), "");
  EXPECT_EQ(parameters.at("a"), "3");
  EXPECT_EQ(parameters.at("flag"), "");
  EXPECT_EQ(parameters.at("bad"), "%zz");
}

}  // namespace
}  // namespace lochan
