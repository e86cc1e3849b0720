// An HTTP/1.1 server by an event loop (Boost.Beast and coroutines): idle connections cost no thread. A response's head
// and body go out in one write, with TCP_NODELAY.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"

namespace lochan {

struct HttpRequest {
  std::string method;  // "GET"
  std::string path;    // raw, as sent: `/v1/main/namespaces/raw%1Fsub`, without the query
  std::string query;   // raw, after the "?"
  std::map<std::string, std::string, std::less<>> headers;  // names in lower case; of a name sent twice, "a, b"
  std::string body;

  /// "" when absent.
  std::string_view header(std::string_view lower_case_name) const;
};

struct HttpResponse {
  int status = 200;
  std::map<std::string, std::string> headers;
  std::string body;  // of an answer to HEAD: only its length is sent
  std::string content_type = "application/json";
  std::size_t withheld_bytes = 0;  // of the body's end: announced, never sent; then the connection is closed, as by an accident
};

/// %41 becomes A; nothing when an escape is broken.
std::optional<std::string> percent_decode(std::string_view text);
/// The query's parameters, decoded; the last of a name wins. A broken escape is kept as it stands.
std::map<std::string, std::string, std::less<>> parse_query(std::string_view query);
/// `{"error":{"message":…,"type":…,"code":…}}`: the body of every error the server itself answers.
HttpResponse http_error(int status, std::string_view type, std::string_view message);

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: a free one
  std::size_t max_body_bytes = 64u << 20;
  int threads = 1;                                  // of the loop; handlers run on them
  std::chrono::milliseconds stall_timeout{60'000};  // a request or a response that doesn't move for so long is given up
};

/// Serves from its constructor to its destructor, which closes idle connections at once and lets running handlers end
/// and answer. A handler must not throw: an escaped exception is answered 500.
class HttpServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  /// Throws Error{Unavailable} when it can't listen. `log` must outlive the server.
  HttpServer(HttpServerOptions options, Handler handler, Log& log);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;
  /// Requests that a handler was called for.
  std::uint64_t request_count() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lochan
