// One client's connection to an HttpServer: requests are read and answered one after the other, in order.
#pragma once

// clang-format off
#include <utility>  // before Asio 1.74, which uses std::exchange without including it
// clang-format on

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/http_server.h"

namespace lochan {

/// What all connections of a server share.
struct HttpService {
  HttpServerOptions options;
  HttpServer::Handler handler;
  Log& log;
  std::atomic<std::uint64_t> request_count{0};
  std::atomic<bool> stopping{false};
};

/// Every member runs on the connection's own strand, which is its socket's executor.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(boost::asio::ip::tcp::socket socket, HttpService& service);

  auto executor() { return stream_.get_executor(); }
  /// Ends when the client leaves, breaks the protocol or stalls, or after stop().
  boost::asio::awaitable<void> serve();
  /// Closes at once, unless a request is being answered: then after its answer, which the client must take soon.
  void stop();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  /// False when there is no next request; what is wrong with it has then been answered.
  boost::asio::awaitable<bool> read_request(Parser& parser);
  boost::asio::awaitable<boost::beast::error_code> wait_for_request();
  boost::asio::awaitable<boost::beast::error_code> read_until(Parser& parser, bool whole);
  boost::asio::awaitable<void> refuse(boost::beast::error_code error);
  boost::asio::awaitable<bool> write(const std::string& head, std::string_view body);
  boost::asio::awaitable<void> linger();

  boost::beast::tcp_stream stream_;
  boost::asio::steady_timer give_up_;
  boost::beast::flat_buffer buffer_;
  HttpService& service_;
  bool answering_ = false;
};

}  // namespace lochan
