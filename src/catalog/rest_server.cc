#include "catalog/rest_server.h"

#include <fmt/format.h>

#include <utility>

#include "base/http_server.h"
#include "catalog/rest_routes.h"

namespace lochan {
namespace {

HttpServerOptions http_options(const RestServerOptions& options) {
  HttpServerOptions http;
  http.address = options.address;
  http.port = options.port;
  http.threads = options.threads;
  return http;
}

std::string host_of(const std::string& address) {
  return address.find(':') == std::string::npos ? address : '[' + address + ']';
}

}  // namespace

class RestServer::Impl {
 public:
  Impl(Catalog& catalog, const RestServerOptions& options)
      : routes(catalog, options.log == nullptr ? no_log : *options.log),
        server(
            http_options(options), [this](const HttpRequest& request) { return routes.answer(request); },
            options.log == nullptr ? no_log : *options.log),
        uri(fmt::format("http://{}:{}", host_of(options.address), server.port())) {}

  NullLog no_log;
  RestRoutes routes;
  HttpServer server;
  const std::string uri;
};

RestServer::RestServer(Catalog& catalog, RestServerOptions options) : impl_(std::make_unique<Impl>(catalog, options)) {}
RestServer::~RestServer() = default;

std::string RestServer::uri() const { return impl_->uri; }
std::uint64_t RestServer::request_count() const { return impl_->server.request_count(); }

}  // namespace lochan
