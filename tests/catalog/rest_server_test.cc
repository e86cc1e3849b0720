#include "catalog/rest_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "tests/catalog/rest_client.h"

namespace lochan {
namespace {

std::string ask_server(std::uint16_t port, const std::string& request) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string reply;
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::send(socket, request.data(), request.size(), 0) == static_cast<ssize_t>(request.size())) {
    char bytes[4096];
    for (ssize_t got = 0; (got = ::recv(socket, bytes, sizeof bytes, 0)) > 0;)
      reply.append(bytes, static_cast<std::size_t>(got));
  }
  ::close(socket);
  return reply;
}

TEST(RestServer, ServesTheRoutesOverHttp) {
  RestClient client;
  client.use_branch("run-1");
  const RestServer server(client.catalog(), {});
  const std::string uri = server.uri();
  ASSERT_THAT(uri, ::testing::StartsWith("http://127.0.0.1:"));
  const auto port = static_cast<std::uint16_t>(std::stoi(uri.substr(uri.rfind(':') + 1)));
  const std::string head = "GET /v1/config?warehouse=run-1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
  EXPECT_THAT(ask_server(port, head + "Authorization: bearer " + client.token() + "\r\n\r\n"),
              ::testing::HasSubstr(R"("overrides":{"prefix":"run-1"})"));
  EXPECT_THAT(ask_server(port, head + "\r\n"), ::testing::StartsWith("HTTP/1.1 401 Unauthorized\r\n"));
  EXPECT_EQ(server.request_count(), 2u);
}

}  // namespace
}  // namespace lochan
