#include "catalog/rest_routes.h"

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <span>

#include "base/json.h"
#include "base/text.h"
#include "catalog/catalog_impl.h"
#include "catalog/rest_endpoint.h"
#include "catalog/rest_errors.h"
#include "catalog/table_access.h"

namespace lochan {
namespace {

std::string bearer_token(const HttpRequest& request) {
  const std::string_view header = request.header("authorization");
  const std::size_t space = header.find(' ');
  if (space == std::string_view::npos || text::lower(header.substr(0, space)) != "bearer")
    throw Unauthorized("send `Authorization: Bearer <token>`");
  return std::string(text::trim(header.substr(space)));
}

// Spec: "X-Iceberg-Access-Delegation", a list of the ways in which a client takes them.
bool asks_for_keys(const HttpRequest& request) {
  for (const std::string& way : text::split(request.header("x-iceberg-access-delegation"), ','))
    if (text::trim(way) == "vended-credentials") return true;
  return false;
}

// Opens a ref for who asks, or throws.
using Door = std::function<TableAccess(const Ref& asked)>;

HttpResponse answer_endpoint(const RestEndpoint& endpoint, const RestCall& call) {
  try {
    return endpoint.answer(call);
  } catch (...) {
    return rest_error(std::current_exception(), endpoint.errors);
  }
}

// Nothing when no endpoint of the table has the request's path and method.
std::optional<HttpResponse> answer_from(std::span<const RestEndpoint> endpoints, const HttpRequest& request,
                                        const Door& open) {
  for (const RestEndpoint& endpoint : endpoints) {
    if (endpoint.method != request.method) continue;
    std::optional<std::map<std::string, std::string, std::less<>>> names = match_rest_path(endpoint.path, request.path);
    if (!names) continue;
    TableAccess access = open(names->at("prefix"));
    return answer_endpoint(endpoint, {request, access, parse_query(request.query), std::move(*names)});
  }
  return std::nullopt;
}

std::string endpoint_list() {
  Json list = Json::array();
  for (const RestEndpoint& endpoint : rest_endpoints())
    list.push_back(fmt::format("{} {}", endpoint.method, endpoint.path));
  return list.dump();
}

// The warehouse is the ref; without one it is `otherwise`.
HttpResponse answer_config(Catalog& catalog, const HttpRequest& request, const Door& open, const Ref& otherwise,
                           std::string_view endpoints) {
  const auto query = parse_query(request.query);
  const auto warehouse = query.find("warehouse");
  const Ref asked = warehouse == query.end() ? otherwise : warehouse->second;
  try {
    catalog.impl().bind(asked);
    open(asked);
  } catch (...) {
    return rest_error(std::current_exception(), {.not_found = "NoSuchWarehouseException"});
  }
  HttpResponse response;
  response.body =
      fmt::format(R"({{"defaults":{{}},"overrides":{{"prefix":{}}},"endpoints":{}}})", Json(asked).dump(), endpoints);
  return response;
}

HttpResponse answer_through(Catalog& catalog, const HttpRequest& request, const Door& open, const Ref& otherwise,
                            std::string_view endpoints) {
  if (request.method == "GET" && request.path == "/v1/config")
    return answer_config(catalog, request, open, otherwise, endpoints);
  std::optional<HttpResponse> answered = answer_from(rest_endpoints(), request, open);
  if (!answered) answered = answer_from(refused_rest_endpoints(), request, open);
  if (answered) return std::move(*answered);
  return http_error(404, "NotFoundException", fmt::format("no endpoint {} {}", request.method, request.path));
}

template <typename Work>
HttpResponse answered(const HttpRequest& request, Log& log, Work&& work) {
  HttpResponse response;
  try {
    response = work();
  } catch (...) {
    response = rest_error(std::current_exception(), {});
  }
  if (response.status >= 500)
    log.write(LogLevel::Error,
              fmt::format("{} {}: {}: {}", request.method, request.path, response.status, response.body));
  return response;
}

}  // namespace

RestRoutes::RestRoutes(Catalog& catalog, Log& log) : catalog_(catalog), log_(log), endpoints_(endpoint_list()) {}

HttpResponse RestRoutes::answer(const HttpRequest& request) const {
  return answered(request, log_, [&] {
    const TableAccess access(catalog_, bearer_token(request));
    const Door open = [&](const Ref& asked) {
      if (asked != access.ref())
        throw Forbidden(fmt::format("this token is for `{}`, not for `{}`", access.ref(), asked));
      return access;
    };
    return answer_through(catalog_, request, open, access.ref(), endpoints_);
  });
}

HttpResponse RestRoutes::answer(const HttpRequest& request, const ScopeOf& scope_of) const {
  return answered(request, log_, [&] {
    const Door open = [&](const Ref& asked) {
      TokenScope scope = scope_of(asked);
      scope.keys = asks_for_keys(request) ? ObjectStore::Keys::Vended : ObjectStore::Keys::None;
      return TableAccess(catalog_, std::move(scope));
    };
    return answer_through(catalog_, request, open, "main", endpoints_);
  });
}

}  // namespace lochan
