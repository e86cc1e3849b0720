#include "base/http_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <exception>
#include <iterator>

#include "base/text.h"

namespace lochan {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::uint32_t kMaxHeadBytes = 64 * 1024;
constexpr std::size_t kFirstReadBytes = 4096;
constexpr std::size_t kMaxLingerBytes = 1 << 20;
constexpr std::chrono::seconds kLingerTime{2};

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

void set_target(std::string_view target, HttpRequest& request) {
  // A proxy sends the absolute form, `http://host/path`.
  if (const std::size_t scheme = target.find("://"); !target.starts_with('/') && scheme != std::string_view::npos) {
    const std::size_t slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
}

HttpRequest take_request(http::request<http::string_body>&& message) {
  HttpRequest request;
  request.method = view(message.method_string());
  set_target(view(message.target()), request);
  for (const auto& field : message) {
    std::string& value = request.headers[text::lower(view(field.name_string()))];
    if (!value.empty()) value += ", ";
    value += view(field.value());
  }
  request.body = std::move(message.body());
  return request;
}

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

std::string response_head(const HttpResponse& response, bool keep_alive) {
  const std::string_view reason =
      view(http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status))));
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason);
  const auto out = std::back_inserter(head);
  for (const auto& [name, value] : response.headers) fmt::format_to(out, "{}: {}\r\n", name, value);
  if (has_body(response.status)) {
    if (!response.body.empty()) fmt::format_to(out, "Content-Type: {}\r\n", response.content_type);
    fmt::format_to(out, "Content-Length: {}\r\n", response.body.size());
  }
  if (!keep_alive) head += "Connection: close\r\n";
  head += "\r\n";
  return head;
}

std::string_view sent_part(const HttpResponse& response) {
  const std::string_view body = response.body;
  return body.substr(0, body.size() - std::min(body.size(), response.withheld_bytes));
}

HttpResponse call(HttpService& service, const HttpRequest& request) {
  service.request_count.fetch_add(1, std::memory_order_relaxed);
  std::string problem = "an unknown exception";
  try {
    return service.handler(request);
  } catch (const std::exception& error) {
    problem = error.what();
  } catch (...) {
  }
  service.log.write(LogLevel::Error, fmt::format("{} {}: {}", request.method, request.path, problem));
  return http_error(500, "InternalServerError", problem);
}

}  // namespace

HttpConnection::HttpConnection(asio::ip::tcp::socket socket, HttpService& service)
    : stream_(std::move(socket)), give_up_(stream_.get_executor()), service_(service) {
  beast::error_code ignored;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  stream_.socket().set_option(asio::socket_base::keep_alive(true), ignored);
}

asio::awaitable<void> HttpConnection::serve() {
  bool keep_alive = true;
  while (keep_alive && !service_.stopping) {
    Parser parser;
    parser.header_limit(kMaxHeadBytes);
    parser.body_limit(service_.options.max_body_bytes);
    const bool is_read = co_await read_request(parser);
    if (!is_read) break;
    answering_ = true;
    keep_alive = parser.get().keep_alive();
    const HttpRequest request = take_request(parser.release());
    const HttpResponse response = call(service_, request);
    keep_alive = keep_alive && !service_.stopping && response.withheld_bytes == 0;
    const std::string head = response_head(response, keep_alive);
    const bool sends_body = has_body(response.status) && request.method != "HEAD";
    const bool is_written = co_await write(head, sends_body ? sent_part(response) : std::string_view());
    answering_ = false;
    if (!is_written) break;
  }
  beast::error_code ignored;
  stream_.socket().shutdown(asio::socket_base::shutdown_both, ignored);
  stream_.close();
  give_up_.cancel();
}

void HttpConnection::stop() {
  if (!answering_) {
    stream_.close();
    return;
  }
  give_up_.expires_after(kLingerTime);
  give_up_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->stream_.close();
  });
}

asio::awaitable<bool> HttpConnection::read_request(Parser& parser) {
  beast::error_code error = co_await wait_for_request();
  if (!error) error = co_await read_until(parser, false);
  if (!error && !parser.is_done() && beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    const bool is_written = co_await write(go_on, {});
    if (!is_written) co_return false;
  }
  if (!error) error = co_await read_until(parser, true);
  if (error) co_await refuse(error);
  co_return !error;
}

// Between two requests a client may be idle as long as it likes.
asio::awaitable<beast::error_code> HttpConnection::wait_for_request() {
  beast::error_code error;
  if (buffer_.size() > 0) co_return error;
  stream_.expires_never();
  const std::size_t read = co_await stream_.async_read_some(buffer_.prepare(kFirstReadBytes),
                                                            asio::redirect_error(asio::use_awaitable, error));
  buffer_.commit(read);
  co_return error;
}

// Reads the head, or the whole request. A body may take long, as long as it moves.
asio::awaitable<beast::error_code> HttpConnection::read_until(Parser& parser, bool whole) {
  beast::error_code error;
  while (!error && !(whole ? parser.is_done() : parser.is_header_done())) {
    stream_.expires_after(service_.options.stall_timeout);
    co_await http::async_read_some(stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, error));
  }
  co_return error;
}

asio::awaitable<void> HttpConnection::refuse(beast::error_code error) {
  if (error.category() != make_error_code(http::error::bad_target).category()) co_return;  // the client went away
  if (error == http::error::end_of_stream || error == http::error::partial_message) co_return;
  HttpResponse response = http_error(400, "BadRequestException", "not an HTTP request: " + error.message());
  if (error == http::error::body_limit) {
    response = http_error(413, "BadRequestException",
                          fmt::format("a request's body may have {} bytes", service_.options.max_body_bytes));
  } else if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    response = http_error(431, "BadRequestException", fmt::format("a request's head may have {} bytes", kMaxHeadBytes));
  }
  answering_ = true;
  const std::string head = response_head(response, false);
  const bool is_written = co_await write(head, response.body);
  if (is_written) co_await linger();
  answering_ = false;
}

// One gathered write: a head that is sent alone waits for the client's delayed acknowledgement.
asio::awaitable<bool> HttpConnection::write(const std::string& head, std::string_view body) {
  std::array<asio::const_buffer, 2> left = {asio::buffer(head), asio::buffer(body)};
  while (asio::buffer_size(left) > 0) {
    stream_.expires_after(service_.options.stall_timeout);
    beast::error_code error;
    std::size_t sent = co_await stream_.async_write_some(left, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return false;
    for (asio::const_buffer& part : left) {
      const std::size_t of_this = std::min(sent, part.size());
      part += of_this;
      sent -= of_this;
    }
  }
  co_return true;
}

// Reads on for a while after a refusal: closing with bytes unread would reset the connection and lose the answer.
asio::awaitable<void> HttpConnection::linger() {
  beast::error_code error;
  stream_.socket().shutdown(asio::socket_base::shutdown_send, error);
  std::array<char, 16 * 1024> dropped;
  stream_.expires_after(kLingerTime);
  for (std::size_t total = 0; !error && total < kMaxLingerBytes;)
    total += co_await stream_.async_read_some(asio::buffer(dropped), asio::redirect_error(asio::use_awaitable, error));
}

}  // namespace lochan
