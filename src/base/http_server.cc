#include "base/http_server.h"

// clang-format off
#include "base/http_connection.h"  // before the rest of Asio, see there
// clang-format on

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/error.h"

namespace lochan {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause{50};

}  // namespace

class HttpServer::Impl {
 public:
  Impl(HttpServerOptions options, Handler handler, Log& log)
      : service_{std::move(options), std::move(handler), log},
        loop_(std::max(1, service_.options.threads)),
        acceptor_(asio::make_strand(loop_)),
        pause_(acceptor_.get_executor()) {
    listen();
    asio::co_spawn(acceptor_.get_executor(), accept(), asio::detached);
    for (int i = 0; i < std::max(1, service_.options.threads); ++i) threads_.emplace_back([this] { run(); });
  }

  ~Impl() {
    service_.stopping = true;
    asio::post(acceptor_.get_executor(), [this] {
      error_code ignored;
      acceptor_.close(ignored);
      pause_.cancel();
    });
    {
      const std::lock_guard lock(mutex_);
      for (const auto& connection : connections_) stop(connection);
    }
    threads_.clear();  // joins: the loop ends when no coroutine is left
  }

  std::uint16_t port() const { return port_; }
  std::uint64_t request_count() const { return service_.request_count.load(std::memory_order_relaxed); }

 private:
  using Connection = std::shared_ptr<HttpConnection>;  // shared: its coroutine and a stop() under way both need it

  void listen() {
    const auto& [address, port] = std::tie(service_.options.address, service_.options.port);
    error_code error;
    const tcp::endpoint endpoint(asio::ip::make_address(address, error), port);
    if (error)
      throw Error(ErrorKind::Usage, fmt::format("`{}` is not an address to listen on", address))
          .hint("give an IP address such as `127.0.0.1` or `::`");
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error)
      throw Error(ErrorKind::Unavailable,
                  fmt::format("can't listen on `{}` port {}: {}", address, port, error.message()))
          .hint("choose another port, or 0 for a free one");
    port_ = acceptor_.local_endpoint().port();
  }

  asio::awaitable<void> accept() {
    while (acceptor_.is_open()) {
      error_code error;
      tcp::socket socket =
          co_await acceptor_.async_accept(asio::make_strand(loop_), asio::redirect_error(asio::use_awaitable, error));
      if (!error) {
        serve(std::make_shared<HttpConnection>(std::move(socket), service_));
      } else if (acceptor_.is_open()) {
        // Out of descriptors, most likely: what is open goes on, and a little later there may be room.
        service_.log.write(LogLevel::Warn, "can't accept a connection: " + error.message());
        pause_.expires_after(kAcceptPause);
        co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, error));
      }
    }
  }

  void serve(const Connection& connection) {
    {
      const std::lock_guard lock(mutex_);
      connections_.insert(connection);
      if (service_.stopping) stop(connection);
    }
    asio::co_spawn(
        connection->executor(), [connection] { return connection->serve(); },
        [this, connection](const std::exception_ptr&) {
          const std::lock_guard lock(mutex_);
          connections_.erase(connection);
        });
  }

  static void stop(const Connection& connection) {
    asio::post(connection->executor(), [connection] { connection->stop(); });
  }

  void run() noexcept {
    for (;;) {
      try {
        loop_.run();
        return;
      } catch (const std::exception& error) {
        service_.log.write(LogLevel::Error, std::string("http server: ") + error.what());
      }
    }
  }

  HttpService service_;
  asio::io_context loop_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;  // guards connections_
  std::unordered_set<Connection> connections_;
  std::vector<std::jthread> threads_;
};

HttpServer::HttpServer(HttpServerOptions options, Handler handler, Log& log)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handler), log)) {}
HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const { return impl_->port(); }
std::uint64_t HttpServer::request_count() const { return impl_->request_count(); }

}  // namespace lochan
