// Loads from the simulated API into a lake, as runs do.
#pragma once

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/http_server.h"
#include "project/http_config.h"
#include "simulate/api.h"
#include "tests/source/load_lake.h"

namespace lochan {

class ApiLake : public LoadLake {
 protected:
  ApiLake() : LoadLake({{"raw", "users"}, {"raw", "orders"}}) {
    config_.users = 30;
    config_.orders = 950;
    config_.tick_interval = std::chrono::milliseconds{0};
    orders_.name = orders_.from = "orders";
    orders_.key = {LocatedText{"id", {}}};
    users_.name = users_.from = "users";
    users_.key = {LocatedText{"id", {}}};
    resource_.path.value = "orders";
    resource_.records.value = "data";
  }

  void start() {
    server_.reset();
    simulation_ = std::make_unique<ApiSimulation>(config_);
    server_ = std::make_unique<HttpServer>(HttpServerOptions{.port = port_, .threads = 2},
                                           [this](const HttpRequest& request) { return simulation_->answer(request); }, log_);
    port_ = server_->port();
  }
  Connection api() {
    Connection connection;
    connection.name = "volt";
    connection.kind = "http";
    connection.location = fmt::format("http://127.0.0.1:{}", port_);
    settings_.gate = std::make_shared<CallGate>(settings_.rate.calls, settings_.rate.per);
    settings_.retry_delay = std::chrono::milliseconds{1};
    connection.http = std::make_shared<HttpSettings>(settings_);
    return connection;
  }
  /// As a style of the simulation pages.
  void page_by(const std::string& style, int size = 100) {
    resource_.path.value = style + "/orders";
    resource_.records.value = style == "list" || style == "link" ? "" : style == "offset" ? "items" : style == "keyset" ? "entities" : "data";
    HttpPagination& pages = resource_.pagination;
    pages = {};
    pages.size = size;
    pages.size_param = "limit";
    if (style == "list") pages = {};
    if (style == "link") pages.by = HttpPaging::HeaderLink;
    if (style == "next") pages.by = HttpPaging::JsonLink, pages.at.value = "next";
    if (style == "cursor") pages.by = HttpPaging::Cursor, pages.at.value = "meta.next_cursor";
    if (style == "offset") pages.by = HttpPaging::Offset;
    if (style == "page") pages.by = HttpPaging::PageNumber;
    if (style == "keyset") pages.by = HttpPaging::Keyset, pages.at.value = "id";
  }
  LoadedTable load_orders() {
    orders_.request = std::make_shared<HttpResource>(resource_);
    const Connection connection = api();
    const auto source = make_source(connection);
    return LoadLake::load(*source, connection, {&orders_}).front();
  }
  std::string load_error() {
    return error([&] { load_orders(); });
  }
  std::int64_t counted(const std::string& what) const { return simulation_->counts().at(what).get<std::int64_t>(); }

  ApiConfig config_;
  HttpSettings settings_;
  HttpResource resource_;
  SourceTable orders_, users_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ApiSimulation> simulation_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace lochan
