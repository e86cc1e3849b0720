// A table that is loaded from an API of the test's own.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/http_server.h"
#include "base/json.h"
#include "project/http_config.h"
#include "tests/source/load_lake.h"

namespace lochan {

class HttpLoad : public LoadLake {
 protected:
  HttpLoad() : LoadLake({{"raw", "sale"}}) {
    table_.name = table_.from = "sale";
    table_.key = {LocatedText{"id", {}}};
    resource_.path.value = "sale";
    resource_.records.value = "data";
    settings_.retry_delay = std::chrono::milliseconds{1};
    settings_.retries = 2;
  }

  using Handler = std::function<HttpResponse(const HttpRequest&)>;
  std::unique_ptr<HttpServer> serve(Handler handler) {
    return std::make_unique<HttpServer>(
        HttpServerOptions{}, [handler = std::move(handler)](const HttpRequest& request) { return handler(request); },
        log_);
  }
  /// The bodies of the pages 1, 2 and so on.
  void answer(std::vector<std::string> bodies) {
    server_ = serve([this, bodies = std::move(bodies)](const HttpRequest& request) {
      ++asked_;
      const auto query = parse_query(request.query);
      const std::size_t page = query.contains("page") ? std::stoul(query.at("page")) : 1;
      HttpResponse response;
      response.body = page <= bodies.size() ? bodies[page - 1] : R"({"data":[]})";
      return response;
    });
    url_ = fmt::format("http://127.0.0.1:{}", server_->port());
  }
  Connection connection() {
    Connection connection;
    connection.name = "api";
    connection.kind = "http";
    connection.location = url_;
    settings_.gate = std::make_shared<CallGate>(0, std::chrono::milliseconds{0});
    connection.http = std::make_shared<HttpSettings>(settings_);
    return connection;
  }
  LoadedTable load() {
    table_.request = std::make_shared<HttpResource>(resource_);
    const Connection from = connection();
    const auto source = make_source(from);
    return LoadLake::load(*source, from, {&table_}).front();
  }
  std::string load_error() {
    return error([&] { load(); });
  }
  void page_by_number() { resource_.pagination.by = HttpPaging::PageNumber; }

  std::atomic<int> asked_ = 0;
  std::unique_ptr<HttpServer> server_;
  std::string url_;
  HttpSettings settings_;
  HttpResource resource_;
  SourceTable table_;
};

}  // namespace lochan
